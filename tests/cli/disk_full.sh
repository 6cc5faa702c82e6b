#!/bin/sh
# A disk that fills up: one clear line, nothing half written, the last good checkpoint still good. On a small tmpfs; in
# any case by a limit on the size of files, which fails a write in the same way.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
sed 's/width: 16, depth: 2, heads: 2/width: 128, depth: 4, heads: 4/' tiny.yaml >big.yaml

limited() { # BLOCKS COMMAND...: of 512 or 1,024 bytes; enough for the line on stderr, which goes to a file too
    blocks=$1
    shift
    (ulimit -f "$blocks" && exec "$@")
}
refuses 1 "features.*(large|space)" limited 4 "$lacuna" embed run photos --out features.npy --pool patch --quiet
refuses 1 "grid.png.*(large|space)" limited 1 "$lacuna" reconstruct run photos/odd/q000.bmp --out grid.png --quiet
refuses 1 "sheet.png.*(large|space)" limited 1 "$lacuna" data photos --sheet sheet.png --quiet
refuses_in_run 1 "step-0*5.safetensors.*(large|space)" limited 64 "$lacuna" pretrain big.yaml --data photos --out limited \
    --steps 10 --quiet
# With room again, the same command goes on.
succeeds "$lacuna" pretrain big.yaml --data photos --out limited --steps 10 --quiet

mkdir disk
mount -t tmpfs -o size=8m lacuna-test disk 2>/dev/null || skip "cannot mount a small tmpfs here (the limits above were tested)"
trap 'umount "$room/disk"; rm -rf "$room" "$room.out" "$room.err" "$room.before" "$room.after"' EXIT
# Two checkpoints of about 9 MB do not fit into 8 MB; the first attempt already fails, and leaves nothing behind.
sed 's/width: 16, depth: 2, heads: 2/width: 128, depth: 4, heads: 4/; s/keep: 3/keep: 1/' tiny.yaml >big.yaml
refuses_in_run 1 "No space left on device" "$lacuna" pretrain big.yaml --data photos --out disk/run --steps 10 --quiet
[ "$(find disk -name 'step-*' | wc -l)" -eq 0 ] || fail "half a checkpoint was left"
# An old output survives a new one that does not fit.
rm -rf disk/run
head -c 100000 /dev/zero >disk/features.npy
dd if=/dev/zero of=disk/filler bs=1k >/dev/null 2>&1 || true
refuses 1 "features.*No space left" "$lacuna" embed run photos --out disk/features.npy --quiet
# A run that fits at first and not later keeps its last good checkpoint.
rm disk/*
sed 's/keep: 3/keep: 100/; s/every: 5/every: 1/' tiny.yaml >many.yaml
refuses_in_run 1 "No space left on device" "$lacuna" pretrain many.yaml --data photos --out disk/run --steps 5000 --quiet
last=$(ls disk/run/checkpoints | tail -1)
succeeds "$lacuna" embed "disk/run/checkpoints/$last" photos --out features.npy --quiet
