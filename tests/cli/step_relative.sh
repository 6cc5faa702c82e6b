#!/bin/sh
# Relative positions through `lacuna step`: loss, gradients, weights and the teacher's weights over five steps are those of
# transformers' BEiT and data2vec (tests/reference/relative.py), on every instruction set this processor has.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references relative
tiny='--set picture.size=12 --set picture.channels=3 --set model.encoder.patch=4 --set model.encoder.width=12
    --set model.encoder.depth=2 --set model.encoder.heads=3 --set model.encoder.mlp_ratio=2 --seed 1 --steps 5 --lr 1e-3
    --weight-decay 0.05 --quiet'

# shellcheck disable=SC2086
matches simmim "$lacuna" step simmim-tiny $tiny --set optim.betas=[0.9,0.95] --set mask.unit=4 --set mask.ratio=0.5
# shellcheck disable=SC2086
matches data2vec "$lacuna" step data2vec-tiny $tiny --set objective.0.beta=0.5 --set 'teacher.decay={from: 0.8, to: 0.95}' \
    --set target.layers=2 --set optim.betas=[0.9,0.95] --set model.encoder.positions=none --set model.encoder.relative=block --set mask.min=1 \
    --set model.encoder.layer_scale=0.1

# The comparison can fail: rows for columns in the table.
# shellcheck disable=SC2086
"$lacuna" step simmim-tiny $tiny --set optim.betas=[0.9,0.95] --set mask.unit=4 --set mask.ratio=0.5 \
    --set model.encoder.relative=none --inputs "$reference/simmim.in.safetensors" --dump wrong.safetensors \
    >"$room.out" 2>"$room.err" && fail "a table that nobody reads is taken"
grep -q "unexpected tensor 'param/rel_pos_bias" "$room.err" || fail "expected the table to be named: $(cat "$room.err")"
exit 0
