#!/bin/sh
# The commands of docs/add-a-method.md, run as they stand there, by the program that has what the page adds.   add_a_method.sh PROGRAM PAGE
. "$(dirname "$0")/../cli/lib.sh"
case $2 in /*) page=$2 ;; *) page=$PWD/$2 ;; esac
begin "$1"
labelled photos 20 40 36
# indented lines that begin with "lacuna "
sed -n 's/^    lacuna /lacuna /p' "$page" >commands
[ "$(wc -l <commands)" -ge 4 ] || fail "$(wc -l <commands) commands in the page, expected 4 or more"
while read -r program words; do
    [ "$program" = lacuna ] || fail "not a command: $program"
    case "${LACUNA_SANITIZED:-} $words" in "ON compare"*) continue ;; esac # minutes there, and compare has tests of its own
    # shellcheck disable=SC2086
    succeeds "$lacuna" $words
    cp "$room.out" last
    echo "lacuna $words: $(wc -c <last) bytes"
done <commands
succeeds "$lacuna" methods
has "$room.out" "^colormae-tiny +colour 0.75 "
succeeds "$lacuna" methods colormae-tiny --card
for said in "hides patches where random noise of one colour is low .arXiv 2407.13036" "colour green, blur .0.7, 2."; do has "$room.out" "$said"; done
[ "${LACUNA_SANITIZED:-}" = ON ] || has compared/results.md '^\| colormae-tiny \| [0-9]'
refuses 2 "mask.colour: expected one of white, red, blue, green, purple, found .pink" "$lacuna" pretrain colormae-tiny --data photos --out new --steps 1 --set mask.colour=pink
refuses 2 "mask.blur: expected the smaller deviation first" "$lacuna" pretrain colormae-tiny --data photos --out new --steps 1 \
    --set 'mask.blur=[2, 1]'
