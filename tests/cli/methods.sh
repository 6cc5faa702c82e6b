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

succeeds "$lacuna" methods conmim --card
has "$room.out" '^ConMIM \(arXiv 2205.09616\), ViT-B/16'
has "$room.out" '^  hides +blockwise: .*arXiv 2106.08254'
has "$room.out" '^  teacher +ema: a slow average'
has "$room.out" 'decay \{from: 0.996, to: 1, shape: cosine\}'
has "$room.out" '^  objective +infonce: .*arXiv 2205.09616'
succeeds "$lacuna" methods demo --card
grep -q teacher "$room.out" && fail "a method without a teacher shows one"
for recipe in $("$lacuna" methods --json | sed -n 's/.*"recipe": "\(.*\)".*/\1/p'); do
    succeeds "$lacuna" methods "$recipe" --card
done
refuses 2 "--card needs a RECIPE" "$lacuna" methods --card
