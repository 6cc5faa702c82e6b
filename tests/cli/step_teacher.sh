#!/bin/sh
# Methods with a teacher, through `lacuna step`: loss, gradients, weights and the teacher's weights over five steps are
# those of plain PyTorch (tests/reference/teacher.py), on every instruction set this processor has.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references teacher
tiny='--set picture.size=12 --set picture.channels=1 --set model.encoder.width=8 --set model.encoder.depth=2
    --set model.encoder.heads=2 --set model.encoder.mlp_ratio=2 --set model.encoder.positions=learned --seed 1
    --steps 5 --lr 1e-3 --weight-decay 0.05 --quiet'
head='--set model.projector.hidden=12 --set model.projector.out=6'

# shellcheck disable=SC2086
matches msc "$lacuna" step msc-tiny $tiny $head
# shellcheck disable=SC2086
matches conmim "$lacuna" step conmim-tiny $tiny $head --set objective.0.temperature=0.2 --set 'teacher.decay={from: 0.9, to: 1}'
# shellcheck disable=SC2086
matches data2vec "$lacuna" step data2vec-tiny $tiny --set objective.0.beta=0.5 --set 'teacher.decay={from: 0.8, to: 0.95}' \
    --set target.layers=2 --set model.encoder.relative=none --set model.encoder.key_bias=true
# shellcheck disable=SC2086
matches siamese "$lacuna" step siamese $tiny $head --set model.predictor.hidden=12 --set model.predictor.norm=false
# shellcheck disable=SC2086
matches learning "$lacuna" step siamese $tiny $head --set model.predictor.name=none --set teacher.stop_gradient=false

# The comparison can fail: another decay.
# shellcheck disable=SC2086
differs conmim "$lacuna" step conmim-tiny $tiny $head --set objective.0.temperature=0.2 --set teacher.decay=0.9
grep -q '^teacher_after/' "$room.err" || fail "another decay shows elsewhere: $(cat "$room.err")"
grep -q '^grad/' "$room.err" && fail "another decay changes the first gradient"
exit 0
