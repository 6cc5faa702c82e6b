#!/bin/sh
# lacuna pretrain without a recipe: one is chosen from the pictures and the time, it says why, and the run keeps it.
. "$(dirname "$0")/lib.sh"
begin "$1"
pictures photos 30 40 36

succeeds "$lacuna" pretrain --data photos --out run --budget 2s --threads 1
for said in '^choosing a recipe for 2 s' '^96 wide, 4 deep, 16 patches of 9 x 9: .* ms a picture' '^chosen: 96 wide, 4 deep' \
    '^pictures: 30, colour, about 36 pixels on their shorter side; the network sees 36 x 36' '^batch 16: about' \
    '^50 % of the patches are hidden' '^budget: .* steps'; do
    has "$room.err" "$said"
    case $said in *choosing* | *budget*) ;; *) has run/choice.txt "$said" ;; esac
done
has "$room.out" "^run: done, [0-9]+ steps"
has run/recipe.yaml '^name: chosen'
has run/recipe.yaml '^  size: \[36, 36\]'
has run/recipe.yaml '^  mean: \[0\.[0-9]+, 0\.'
cp run/recipe.yaml first.yaml

# The recipe of a run is its own from then on: nothing is chosen or measured again.
succeeds "$lacuna" pretrain --data photos --out run --budget 2s --threads 1
! grep -q choosing "$room.err" || fail "a run's recipe was chosen again"
has "$room.out" "finished already"
cmp first.yaml run/recipe.yaml || fail "a run's recipe changed"
succeeds "$lacuna" pretrain run/recipe.yaml --data photos --out run --quiet
steps=$(sed -n 's/.*"total_steps": \([0-9]*\).*/\1/p' run/run.json)
succeeds "$lacuna" pretrain --data photos --out run --steps $((steps + 2)) --extend --quiet
has run/run.json "\"total_steps\": $((steps + 2))"
succeeds "$lacuna" pretrain run/recipe.yaml --data photos --out again --steps 2 --quiet

# --set, --batch and --seed stand on top; a pause says how to go on, without a recipe.
succeeds "$lacuna" pretrain --data photos --out other --budget 60s --stop-after 1s --threads 1 --seed 3 --batch 8 --set optim.lr=2e-3
has "$room.out" "paused at .*; resume with: lacuna pretrain --data photos --out other --budget 60s --batch 8 --seed 3"
has other/recipe.yaml '^  lr: 0.002'
has other/recipe.yaml '^  batch: 8'
has other/recipe.yaml '^  seed: 3'
succeeds "$lacuna" pretrain --data photos --out other --budget 60s --stop-after 0.2s --threads 1 --quiet

refuses 2 "without a recipe, --budget TIME says" "$lacuna" pretrain --data photos --out new
refuses 2 "without a recipe, --budget TIME says" "$lacuna" pretrain --data photos --out new --epochs 3
refuses 2 "needs --data SOURCE and --out RUN" "$lacuna" pretrain --budget 3s
refuses 2 "optim.lrr|unknown key" "$lacuna" pretrain --data photos --out new --budget 1s --quiet --set optim.lrr=1
mkdir broken && echo no picture >broken/a.png
refuses 1 "broken: no readable picture" "$lacuna" pretrain --data broken --out new --budget 1s --quiet
