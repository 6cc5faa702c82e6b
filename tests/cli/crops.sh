#!/bin/sh
# Runs on crops of two sizes: resumed from any checkpoint they end in the same bytes - weights, teacher, centres - with other
# numbers of threads and loaders; the log shows how sure the teacher is; what cannot be is refused; the encoder is measured as
# any other.
. "$(dirname "$0")/lib.sh"
begin "$1"
pictures photos 24 24 20
cat >crops.yaml <<'END'
extends: ibot-tiny
picture: {size: 16, mean: 0.4, std: 0.3}
views: {large: 2, small: 3, size: 8, jitter: all}
model:
  encoder: {patch: 4, width: 16, depth: 2, heads: 2, drop_path: 0.2}
  projector: {hidden: 16, out: 8, prototypes: 12, held: 0.2}
objective:
  - {name: dino, of: projector, teacher_temperature: {from: 0.04, to: 0.07, over: 0.5}}
  - {name: ibot, of: projector, teacher_temperature: {from: 0.04, to: 0.07, over: 0.5}}
train: {batch: 8, accumulate: 2, micro_batch: 4}
checkpoint: {every: 5, keep: 9}
END
final=checkpoints/step-00000020.safetensors
succeeds "$lacuna" pretrain crops.yaml --data photos --out whole --steps 20 --threads 1 --loaders 1 --quiet
for buffer in dino.centre ibot.centre teacher/projector.prototypes.weight; do
    head -c 30000 whole/$final | grep -qaF "\"$buffer\"" || fail "no $buffer in the checkpoint"
done
has whole/log.jsonl '"figures": \{"dino_entropy": [0-9.]+, "ibot_entropy": [0-9.]+\}'
has whole/recipe.yaml 'teacher_temperature: \{from: 0.04, to: 0.07, shape: linear, over: 0.5\}'
for last in 5 15; do
    cp -r whole again
    for step in 05 10 15 20; do
        [ $step -le $last ] || rm -f again/checkpoints/step-000000$step.safetensors
    done
    succeeds "$lacuna" pretrain crops.yaml --data photos --out again --threads 2 --loaders 3 --quiet
    cmp whole/$final again/$final || fail "resumed from step $last the run ends in other bits"
    rm -rf again
done
# Prototypes are held for a fifth of the run, four steps of twenty, and then learn.
succeeds "$lacuna" pretrain crops.yaml --data photos --out held --steps 20 --threads 1 --quiet --set model.projector.held=1
cmp -s whole/$final held/$final && fail "held prototypes end as others do"

succeeds "$lacuna" embed whole photos --out features.npy --quiet
succeeds "$lacuna" mask crops.yaml photos --out masks.png
succeeds "$lacuna" bench crops.yaml --batch 4 --threads 1 --seconds 0.2 --quiet
step() { "$lacuna" pretrain crops.yaml --data photos --out bad --steps 2 --quiet "$@"; }
refuses 2 "views.size: " step --set views.size=10
refuses 2 "views.size: expected a list of 1 to 2 whole numbers" step --set views.size=0
refuses 2 "views.small: expected a whole number in \[0, 12\]" step --set views.small=13
refuses 2 "augment.crop: expected random" step --set augment.crop=centre
exit 0
