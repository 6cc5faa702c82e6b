#!/bin/sh
# lacuna analyze, report and mask as people call them, and what they refuse.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run

succeeds "$lacuna" mask tiny.yaml photos --out masks.png --count 3
has "$room.out" "^masks.png: 3 draws; 75.0 % of 16 patches hidden \(75.0 to 75.0"
head -c 8 masks.png | grep -q PNG || fail "masks.png is no PNG"
cp masks.png again.png
succeeds "$lacuna" mask tiny.yaml photos --out masks.png --count 3
cmp masks.png again.png || fail "the same masks are drawn differently"
succeeds "$lacuna" mask tiny.yaml 'photos#2' --out masks.png --json --set mask.ratio=0.5
has "$room.out" '"mean": 0.500000'
refuses 2 "counted from 0" "$lacuna" mask tiny.yaml 'photos#99' --out other.png
refuses 2 "--out is missing" "$lacuna" mask tiny.yaml photos

succeeds "$lacuna" analyze run --data photos --quiet --threads 1
has "$room.out" "^run, untrained "
for name in analysis.json layers.csv attention.csv spectrum.csv cka.csv attention-distance.svg cka.svg; do
    [ -s "run/analysis/$name" ] || fail "run/analysis/$name is missing"
done
[ "$(wc -l <run/analysis/attention.csv)" -eq 9 ] || fail "2 networks x 2 blocks x 2 heads expected in attention.csv"
cp run/analysis/analysis.json first.json
succeeds "$lacuna" analyze run --data photos --quiet --threads 2
cmp first.json run/analysis/analysis.json || fail "an analysis depends on the number of threads"
refuses 2 "--data is missing" "$lacuna" analyze run
refuses 2 "--out is missing" "$lacuna" analyze run run --data photos
succeeds "$lacuna" analyze run run --data photos --quiet --no-control --out both
has "$room.out" "^run +1.0000  1.0000"

# A recipe with two views is looked at, and trained on labels, through one.
printf '%s\n' 'extends: tiny.yaml' 'name: pair' 'views: {name: pair}' 'model: {projector: {name: mlp, out: 8}, decoder: {name: none}}' \
    'teacher: {name: ema}' 'target: {name: none}' 'objective: [{name: infonce, of: projector, on: hidden}]' >pair.yaml
succeeds "$lacuna" pretrain pair.yaml --data photos --out pair --steps 4 --quiet
succeeds "$lacuna" analyze pair --data photos --quiet
has "$room.out" "^pair, untrained "
succeeds "$lacuna" eval linear pair --data photos --protocol bn-sgd --epochs 2 --quiet
succeeds "$lacuna" eval finetune pair --data photos --epochs 1 --seeds 1 --quiet
rm -r pair

succeeds "$lacuna" report run --quiet
has run/report.html "^<!DOCTYPE html>"
has run/report.html "Distance of attention"
cp -r run second
succeeds "$lacuna" report . --quiet --pictures 0
has report.html "2 runs, side by side"
refuses 2 "no run" "$lacuna" report photos
refuses 2 "--out is missing" "$lacuna" report run second
