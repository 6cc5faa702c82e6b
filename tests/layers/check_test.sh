#!/bin/sh
# The layering test must be able to fail: a copy of src/ with one arrow turned round is refused, naming the line.
set -eu
root=$1
here=$(cd "$(dirname "$0")" && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cp -R "$root/src" "$room/src"
sh "$here/check.sh" "$room" >"$room/out" || { cat "$room/out"; echo "the copy itself was refused"; exit 1; }

refused() { # FILE LINE EXPECTED
    printf '%s\n' "$2" >"$room/src/$1"
    if sh "$here/check.sh" "$room" >"$room/out"; then
        echo "not refused: $2 in $1"
        exit 1
    fi
    grep -q "src/$1:1: $3" "$room/out" || { cat "$room/out"; echo "not named: $3"; exit 1; }
    rm "$room/src/$1"
}
refused base/wrong.c '#include "data/source.h"' 'layer base may not include data/source.h'
refused mask/wrong.c '#include "model/vit.h"' 'layer mask may not include model/vit.h'
refused train/wrong.c '#include "eval/knn.h"' 'layer train may not include eval/knn.h'
refused graph/wrong.c '#include "../base/error.h"' 'relative include'
refused method/wrong.c '#  include "lacuna.h"' 'include of the public header'
refused io/wrong.c '#include "npy.h"' 'include without its layer'
