#!/bin/sh
# `lacuna methods`: what it prints of a recipe is a recipe, and the list names the slots.
. "$(dirname "$0")/lib.sh"
begin "$1"
succeeds "$lacuna" methods
has "$room.out" "^mae-tiny-32 +random 0.75 +vit 192x12 +mae 96x4 +pixels +l2"
has "$room.out" "^mae-vit-h14 "
succeeds "$lacuna" methods --json
has "$room.out" '"recipe": "mae-tiny-32"'
succeeds "$lacuna" methods demo --set mask.ratio=0.6
has "$room.out" '^  ratio: 0.6 +# share of patches hidden \(a number in \[0, 1\) or a schedule\)'
cp "$room.out" mine.yaml
succeeds "$lacuna" methods mine.yaml
cmp "$room.out" mine.yaml || fail "the printed recipe reads as another"
succeeds "$lacuna" methods mine.yaml --json
has "$room.out" '"key": "ratio"'
refuses 2 "nearest: demo" "$lacuna" methods dmo
refuses 2 "--set mask.ratoi: unknown key .*nearest: 'ratio'" "$lacuna" methods demo --set mask.ratoi=1
refuses 2 "needs a RECIPE" "$lacuna" methods --set mask.ratio=0.5
