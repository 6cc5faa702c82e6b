#!/bin/sh
# 200 steps killed with SIGKILL at three random moments, and resumed each time with other numbers of compute and loader
# threads, end in the same bytes as 200 steps that nobody disturbed.
. "$(dirname "$0")/lib.sh"
begin "$1"
write_recipe tiny.yaml
pictures photos 40 40 36
sed 's/width: 16, depth: 2, heads: 2/width: 64, depth: 4, heads: 4/; s/every: 5/every: 7/' \
    tiny.yaml >recipe.yaml
common='--data photos --steps 200 --batch 16 --set optim.ema=0.9 --set model.encoder.drop_path=0.1 --quiet'
start() { # RUN OPTIONS...
    # shellcheck disable=SC2086
    succeeds "$lacuna" pretrain recipe.yaml $common --out "$@"
}
final=checkpoints/step-00000200.safetensors

began=$(date +%s%N)
start whole --threads 1 --loaders 1
took_ms=$((($(date +%s%N) - began) / 1000000))
[ -f whole/$final ] || fail "no $final"

seed=${LACUNA_TEST_SEED:-$(date +%s)}
echo "seed of the three moments: $seed (LACUNA_TEST_SEED repeats them); undisturbed: $took_ms ms"
random() { # BELOW: $drawn is the next number of a small generator
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    drawn=$((seed / 65536 % $1))
}

kills=0 attempts=0
while [ $kills -lt 3 ]; do
    attempts=$((attempts + 1))
    [ $attempts -lt 40 ] || fail "the run finished before it could be killed three times ($kills kills)"
    # Each life gets some 5 to 35 % of the whole time, less on a machine that got faster meanwhile.
    random 30
    wait_ms=$((took_ms * (5 + drawn) / 100 / (1 + attempts / 10)))
    random 4
    # exec: what is killed is the program itself
    # shellcheck disable=SC2086
    (exec "$lacuna" pretrain recipe.yaml $common --out killed --threads $((1 + kills)) --loaders $((1 + drawn))) \
        >"$room.out" 2>"$room.err" &
    child=$!
    sleep "$((wait_ms / 1000)).$(printf '%03d' $((wait_ms % 1000)))"
    kill -9 $child 2>/dev/null || true
    child_status=0
    wait $child 2>/dev/null || child_status=$?
    if [ -f killed/$final ]; then # too late: it was done
        rm -rf killed
        kills=0
    elif [ $child_status -eq 137 ]; then
        kills=$((kills + 1))
        echo "killed after $wait_ms ms, with $(ls killed/checkpoints 2>/dev/null | wc -l) checkpoints there"
    else
        fail "it failed before it was killed, with status $child_status"
    fi
done
start killed --threads 2 --loaders 3
cmp whole/$final killed/$final || fail "the killed run ends in other bits"
no_temporaries
# The log has each of its steps once, in order, and the same numbers in both (rates and times are the machine's).
for run in whole killed; do
    sed 's/"images_per_s"[^,}]*,\{0,1\}//; s/"wait_s"[^,}]*,\{0,1\}//; s/"seconds"[^,}]*,\{0,1\}//' $run/log.jsonl >$run.log
done
diff whole.log killed.log >/dev/null || { diff whole.log killed.log | head -6; fail "the logs differ"; }
# Another number of threads, undisturbed.
start threads --threads 3 --loaders 2
cmp whole/$final threads/$final || fail "other threads and loaders, other bits"
# Another seed gives other bits: the comparison can fail.
start seeds --seed 5
! cmp -s whole/$final seeds/$final || fail "another seed gives the same bits"
