#!/bin/sh
# lacuna compare: killed with SIGKILL twice and gone on with, it ends in the same table but for its timings; a time budget becomes steps
# once; a method that fails is named and the others go on; recipes and seeds can be added; what cannot be is one line.
. "$(dirname "$0")/lib.sh"
begin "$1"
write_recipe one.yaml
labelled photos 30 20 18
labelled others 12 20 18
sed 's/name: tiny/name: one/; s/every: 5/every: 20/' one.yaml >tiny.yaml && mv tiny.yaml one.yaml
sed 's/name: one/name: two/; s/norm: true/norm: false/; s/width: 16, depth: 2, heads: 2}$/&/' one.yaml >two.yaml
# Weights grow by a factor of 899 a step.
sed 's/name: one/name: broken/; s/lr: 1e-2/lr: 1000, per: 0, weight_decay: 0.9/' one.yaml >broken.yaml
start() { # DIR OPTIONS...
    out=$1
    shift
    "$lacuna" compare one.yaml two.yaml --data photos --test others --labels 3 --seeds 2 --out "$out" --quiet "$@"
}
# The table without what is a machine's: JSON's "timings", CSV's last columns, Markdown's last part.
table() { # DIR
    sed '/^    "timings"/d; s/, "timings": {[^}]*}//' "$1/results.json"
    sed '/^## Cost/,$d' "$1/results.md"
    sed 's/\(,[^,]*\)\{6\}$//' "$1/results.csv"
    sed 's/\(,[^,]*\)\{3\}$//' "$1/runs.csv"
    cat "$1/analysis/cka.csv" "$1/dendrogram.svg" "$1/compare.json"
}

began=$(date +%s%N)
succeeds start whole --budget 150 --threads 1
took_ms=$((($(date +%s%N) - began) / 1000000))
for name in results.md results.csv runs.csv results.json dendrogram.svg report.html compare.json analysis/analysis.json; do
    [ -s whole/$name ] || fail "whole/$name is missing"
done
has "$room.out" '^one +1125 '
has whole/results.md '^\| two \| [0-9.]+ ± [0-9.]+ \| '
has whole/results.csv '^"one",2,0,1125,9000,150,11808,'
has whole/report.html "At an equal budget"
has whole/dendrogram.svg "one-seed-0, untrained"
[ "$(grep -c time_ whole/results.json)" -ge 6 ] || fail "no timings in results.json"
table whole >whole.table
has whole.table '"linear": \{"mean": [0-9]'
! grep -q '"time_train_s": [0-9{]' whole.table || fail "timings are in what is compared"

# Nothing is done again: no file of a run changes, and the table is the same.
touch -d '2001-01-01' whole/*/log.jsonl whole/*/eval.json whole/*/checkpoints/* whole/analysis/*
succeeds start whole --budget 150 --threads 1
[ -z "$(find whole/*-seed-* whole/analysis -newermt 2002-01-01 -name '*.json*' -not -name run.json -not -name cost.json)" ] ||
    fail "something was done again"
table whole >again.table
cmp whole.table again.table || fail "the table changed by itself"

# How things stand, without training: what is not done is named, and going on ends in the same table.
cp -r whole part
rm -r part/two-seed-1
succeeds start part --budget 150 --threads 1 --as-is
[ ! -e part/two-seed-1 ] || fail "--as-is trained"
has part/results.md '^Not done yet, and in no mean: two-seed-1\.$'
has part/results.csv '^"two",1,1,'
has part/report.html 'two-seed-1 is not done yet'
succeeds start part --budget 150 --threads 1
table part >part.table
cmp whole.table part.table || fail "another table after a look at how things stand"

seed=${LACUNA_TEST_SEED:-$(date +%s)}
echo "seed of the moments: $seed (LACUNA_TEST_SEED repeats them); undisturbed: $took_ms ms"
kills=0 attempts=0
while [ $kills -lt 2 ]; do
    attempts=$((attempts + 1))
    [ $attempts -lt 40 ] || fail "it finished before it could be killed twice ($kills kills)"
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    wait_ms=$((took_ms * (10 + seed / 65536 % 45) / 100 / (1 + attempts / 8)))
    # exec: what is killed is the program itself
    (exec "$lacuna" compare one.yaml two.yaml --data photos --test others --labels 3 --seeds 2 --out killed --quiet \
        --budget 150 --threads $((1 + kills))) >"$room.out" 2>"$room.err" &
    child=$!
    sleep "$((wait_ms / 1000)).$(printf '%03d' $((wait_ms % 1000)))"
    kill -9 $child 2>/dev/null || true
    child_status=0
    wait $child 2>/dev/null || child_status=$?
    if [ -f killed/report.html ]; then # too late: it was done
        rm -rf killed
        kills=0
    elif [ $child_status -eq 137 ]; then
        kills=$((kills + 1))
        echo "killed after $wait_ms ms, with $(find killed -name eval.json 2>/dev/null | wc -l) of 4 runs measured"
    else
        fail "it failed before it was killed, with status $child_status"
    fi
done
succeeds start killed --budget 150 --threads 2
table killed >killed.table
diff whole.table killed.table >/dev/null || { diff whole.table killed.table | head -6; fail "another table after two kills"; }
no_temporaries
# Another seed gives another table: the comparison can fail.
succeeds start seeds --budget 150 --threads 1 --seed 7
table seeds >seeds.table
! cmp -s whole.table seeds.table || fail "another seed gives the same table"

# A time is measured once, before the first step: the second seed and a later call have the same number.
succeeds start timed --budget 0.3s --threads 1
steps=$(grep -h total_steps timed/one-seed-0/run.json)
[ "$(grep -h total_steps timed/one-seed-1/run.json)" = "$steps" ] || fail "seeds of one recipe train for other numbers of steps"
rm -r timed/one-seed-1 timed/analysis
succeeds start timed --budget 0.3s --threads 1
[ "$(grep -h total_steps timed/one-seed-1/run.json)" = "$steps" ] || fail "the time was measured again"
has timed/results.md "the steps that 0.3 s were measured to hold"

# Recipes and seeds are added; what fails is said, and the table has the others.
run_it "$lacuna" compare broken.yaml one.yaml two.yaml --data photos --test others --labels 3 --seeds 3 --budget 150 --out whole --threads 1
[ "$status" -eq 1 ] || fail "status $status with a failing method, expected 1"
has "$room.err" "^broken-seed-0 failed while training: step [0-9]+: (loss|gradient norm) is not finite"
has "$room.err" "^lacuna compare: 3 of 9 runs failed, the first: broken-seed-0, training: "
has whole/results.md '^\| broken \| - \| '
has whole/results.md '^- broken-seed-2: training: step '
has whole/results.csv '^"broken",0,3,1125,'
has whole/results.csv '^"one",3,0,1125,'
has whole/report.html "<strong>broken-seed-1</strong> failed while training"
sed -n '2,$p' whole/runs.csv | grep -v broken | grep -v 'seed-2' | sort >kept
grep seed whole.table | grep '^"' | sort >had
sed 's/\(,[^,]*\)\{3\}$//' kept >kept.short
grep -Fqxf kept.short had || fail "adding a seed changed other runs' numbers"

# ---- what is refused ----
refuses 2 "needs --data SOURCE and --out DIR" "$lacuna" compare one.yaml --budget 1
refuses 2 "--budget is missing" "$lacuna" compare one.yaml --data photos --out new
for budget in 0 -1 nonsense 1x 0s 30mm nan; do
    refuses 2 "--budget: expected a time such as 90s, 30m or 1h30m, or a number of epochs; found '$budget'" \
        "$lacuna" compare one.yaml --data photos --out new --budget "$budget"
done
refuses 2 "--seeds: expected" "$lacuna" compare one.yaml --data photos --out new --budget 1 --seeds 0
refuses 2 "no such file, and no shipped recipe" "$lacuna" compare one.yaml nowhere --data photos --out new --budget 1
refuses 2 "both called 'one'" "$lacuna" compare one.yaml one.yaml --data photos --out new --budget 1
sed 's/name: one/name: "..\/x"/' one.yaml >named.yaml
refuses 2 "named.yaml:[0-9]+: name: expected" "$lacuna" compare named.yaml --data photos --out new --budget 1
sed 's/patch: 4/patch: 5/' one.yaml >unfit.yaml
refuses 2 "unfit.yaml: .*picture.size" "$lacuna" compare unfit.yaml --data photos --out new --budget 1
mkdir plain && cp photos/even/p000.bmp photos/even/p001.bmp plain/
refuses 2 "plain has no labels to measure with" "$lacuna" compare one.yaml --data plain --out new --budget 1
refuses 2 "25 labels|fewer|expected" "$lacuna" compare one.yaml --data photos --out new --budget 1 --labels 25
refuses 2 "not a comparison: choose another --out" "$lacuna" compare one.yaml --data photos --out photos --budget 1
refuses 2 "expected a folder, found a file" "$lacuna" compare one.yaml --data photos --out one.yaml --budget 1
in_whole() { # STATUS PATTERN OPTIONS...: a changed call on the comparison that is there
    expected=$1 wanted=$2
    shift 2
    run_it "$lacuna" compare "$@" --out whole
    [ "$status" -eq "$expected" ] || fail "status $status, expected $expected: $*"
    one_line "$wanted" "$@"
}
common="--data photos --test others --labels 3 --seeds 3"
# shellcheck disable=SC2086
{
    in_whole 2 "begun with another budget: 150 epochs, not 20 epochs" broken.yaml one.yaml two.yaml $common --budget 20
    in_whole 2 "has recipe 'broken', too: recipes can be added, not left out" one.yaml two.yaml $common --budget 150
    in_whole 2 "has 3 seeds: seeds can be added" broken.yaml one.yaml two.yaml $common --seeds 2 --budget 150
    in_whole 2 "another --labels: 3, not 4" broken.yaml one.yaml two.yaml $common --labels 4 --budget 150
    in_whole 2 "another test source: others, not" broken.yaml one.yaml two.yaml $common --test photos --budget 150
    in_whole 2 "begun with other pictures" broken.yaml one.yaml two.yaml $common --data others --test others --budget 150
}
