#!/bin/sh
# Runs with a teacher: resumed from any checkpoint they end in the same bytes, teacher included, with other numbers of
# threads; and a siamese network without its safeguards is caught collapsing within 300 steps, one with negatives is not.
. "$(dirname "$0")/lib.sh"
begin "$1"
pictures photos 24 24 20
write_recipe tiny.yaml
cat >ema.yaml <<'END'
extends: tiny.yaml
views: {name: pair}
mask: {name: blockwise, ratio: 0.5, min: 2}
model:
  projector: {name: mlp, hidden: 16, out: 8, norm: true}
  decoder: {name: linear}
teacher: {name: ema, decay: {from: 0.9, to: 1, shape: cosine}}
objective:
  - {name: infonce, of: projector, on: hidden}
  - {name: l2, weight: {from: 1, to: 0.1}}
optim: {weight_decay: {from: 0.01, to: 0.1}}
train: {batch: 8, accumulate: 2}
END
final=checkpoints/step-00000020.safetensors
succeeds "$lacuna" pretrain ema.yaml --data photos --out whole --steps 20 --threads 1 --loaders 1 --quiet
head -c 30000 whole/$final | grep -qaF '"teacher/blocks.1.attn.qkv.weight"' || fail "no teacher in the checkpoint"
has whole/recipe.yaml 'decay: \{from: 0.9, to: 1, shape: cosine\}'
grep -q extends whole/recipe.yaml && fail "the saved recipe needs another file"
for last in 10 15; do
    cp -r whole again
    for step in 10 15 20; do
        [ $step -le $last ] || rm -f again/checkpoints/step-000000$step.safetensors
    done
    succeeds "$lacuna" pretrain ema.yaml --data photos --out again --threads 2 --loaders 3 --quiet
    cmp whole/$final again/$final || fail "resumed from step $last the run ends in other bits"
    rm -rf again
done

cat >siamese.yaml <<'END'
extends: tiny.yaml
views: {name: pair, geometry: own, jitter: none}
mask: {ratio: 0.5}
model:
  encoder: {width: 64}
  projector: {name: mlp, hidden: 32, out: 16, norm: true, pool: mean}
  predictor: {name: mlp, hidden: 8, norm: true}
  decoder: {name: none}
teacher: {name: self}
target: {name: none}
objective: [{name: cosine, of: projector, on: all}]
optim: {lr: 1e-2, per: 0}
END
succeeds "$lacuna" pretrain siamese.yaml --data photos --out bad --steps 300 --threads 1 --loaders 1 \
    --set teacher.stop_gradient=false --set model.predictor.name=none
has "$room.err" "warning: features are collapsing"
succeeds "$lacuna" pretrain siamese.yaml --data photos --out good --steps 300 --threads 1 --loaders 1 \
    --set 'objective=[{name: infonce-batch, of: projector, on: all}]' --set optim.lr=1e-3
grep -q collapsing "$room.err" && fail "the warning came although nothing collapsed"
refuses 2 "views.geometry: own: patches are compared place by place" \
    "$lacuna" pretrain siamese.yaml --data photos --out refused --set model.projector.pool=none
