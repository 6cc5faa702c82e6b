#!/bin/sh
# Places that cannot be written: refused in one line before any work is done.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
echo text >file
# A path below a file works as root too, for whom permissions do not count.
refuses 1 "file/(run|checkpoints).*(Not a directory|File exists)" "$lacuna" pretrain tiny.yaml --data photos --out file/run --steps 2 --quiet
refuses 1 "file/features.*Not a directory" "$lacuna" embed run photos --out file/features.npy --quiet
refuses 1 "absent/grid.png.*No such file" "$lacuna" reconstruct run photos/odd/q000.bmp --out absent/grid.png --quiet
refuses 1 "file/exported" "$lacuna" export hf run file/exported --quiet
refuses 1 "absent/sheet.png" "$lacuna" data photos --sheet absent/sheet.png --quiet
mkdir folder.npy
refuses 1 "folder.npy" "$lacuna" embed run photos --out folder.npy --quiet

mkdir closed
if [ "$(id -u)" -eq 0 ]; then
    mount -t tmpfs -o ro lacuna-test closed 2>/dev/null || skip "root, and no read-only mount to be had (paths below a file were tested)"
    trap 'umount "$room/closed"; rm -rf "$room" "$room.out" "$room.err" "$room.before" "$room.after"' EXIT
else
    chmod 555 closed
fi
refuses 1 "closed/run.*(Read-only|Permission)" "$lacuna" pretrain tiny.yaml --data photos --out closed/run --steps 2 --quiet
refuses 1 "closed/features.*(Read-only|Permission)" "$lacuna" embed run photos --out closed/features.npy --quiet
