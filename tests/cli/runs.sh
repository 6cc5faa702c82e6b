#!/bin/sh
# A run's folder: what a second start, another recipe, other data, a second writer and a pause do to it.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
again="$lacuna pretrain tiny.yaml --data photos --out run"

# Finished: says so, exits 0, changes nothing.
inventory >"$room.before"
succeeds $again --steps 10
has "$room.out" "finished already"
inventory >"$room.after"
diff "$room.before" "$room.after" || fail "a finished run was changed"
refuses 2 "run.*planned for 10 steps; 20 need --extend" $again --steps 20 --quiet
refuses 2 "run.*planned for 10 steps, 5 are fewer" $again --steps 5 --quiet
# A changed recipe or other data: what differs is named.
refuses 2 "another recipe: .*optim.lr" $again --steps 10 --quiet --set optim.lr=1e-3
refuses 2 "another recipe: .*train.seed" $again --steps 10 --quiet --seed 7
cp -R photos more && picture more/odd/extra.bmp 77 20 18
refuses 2 "other data: 12 pictures.*more has 13" "$lacuna" pretrain tiny.yaml --data more --out run --steps 10 --quiet
# The same data somewhere else is the same data.
mv photos moved
succeeds "$lacuna" pretrain tiny.yaml --data moved --out run --steps 10 --quiet
mv moved photos
succeeds $again --steps 20 --extend --quiet
[ -f run/checkpoints/step-00000020.safetensors ] || fail "no checkpoint of the last step"

# Something else's folder is left alone.
mkdir other && echo mine >other/file
refuses 2 "other.*not a run" "$lacuna" pretrain tiny.yaml --data photos --out other --steps 2 --quiet
refuses 2 "expected a folder, found a file" "$lacuna" pretrain tiny.yaml --data photos --out tiny.yaml --steps 2 --quiet

# Two writers: the second is refused while the first works, and the first is not disturbed.
"$lacuna" pretrain tiny.yaml --data photos --out busy --steps 200000 --quiet >/dev/null 2>&1 &
first=$!
tries=0
until [ -f busy/log.jsonl ] || [ $tries -ge 300 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -f busy/log.jsonl ] || { kill -9 $first; fail "the first writer did not begin"; }
run_it "$lacuna" pretrain tiny.yaml --data photos --out busy --steps 200000 --quiet
kill -0 $first || fail "the first writer is gone"
[ "$status" -eq 1 ] || { kill -9 $first; fail "a second writer: status $status, expected 1"; }
one_line "busy.*(in use|another process)" "two writers"

# SIGTERM finishes the step, saves, says how to resume, exits 1: the run is not finished.
kill -TERM $first
first_status=0
wait $first || first_status=$?
[ "$first_status" -eq 1 ] || fail "status $first_status after SIGTERM, expected 1"
no_temporaries
ls busy/checkpoints/step-*.safetensors >/dev/null || fail "nothing saved on SIGTERM"
"$lacuna" pretrain tiny.yaml --data photos --out busy --steps 200000 --quiet >"$room.out" 2>"$room.err" &
first=$!
sleep 1
kill -INT $first 2>/dev/null || true
# A background job of a script ignores SIGINT from its start; TERM ends it then.
sleep 1
kill -TERM $first 2>/dev/null || true
wait $first || true
one_line "stopped at step [0-9]+ of 200000; resume with: lacuna pretrain tiny.yaml --data photos --out busy" "a signal"

# --stop-after pauses and exits 0.
succeeds "$lacuna" pretrain tiny.yaml --data photos --out paused --steps 200000 --stop-after 1s --quiet
has "$room.out" "paused at step [0-9]+ of 200000; resume with: lacuna pretrain"
# A budget becomes a number of steps, once.
succeeds "$lacuna" pretrain tiny.yaml --data photos --out budget --budget 3s --quiet
total=$(sed -n 's/.*"total_steps": \([0-9]*\).*/\1/p' budget/run.json)
[ "$total" -ge 1 ] || fail "total_steps $total"
succeeds "$lacuna" pretrain tiny.yaml --data photos --out budget --budget 1h --quiet
has "$room.out" "finished already, all $total steps"
no_temporaries
