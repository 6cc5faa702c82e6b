#!/bin/sh
# iBOT and DINO through `lacuna step`: crops of two sizes, terms, gradients, weights, the teacher's weights and both
# centres over five steps are those of timm's blocks with lightly's heads and losses (tests/reference/ibot.py), on every
# instruction set this processor has.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references ibot
step() {
    "$lacuna" step ibot-tiny --set picture.size='[16, 12]' --set views.small=3 --set views.size=8 \
        --set model.encoder.patch=4 --set model.encoder.width=8 --set model.encoder.depth=2 --set model.encoder.heads=2 \
        --set model.encoder.mlp_ratio=2 --set model.projector.hidden=12 --set model.projector.out=6 \
        --set model.projector.prototypes=10 --seed 1 --steps 5 --lr 1e-3 --weight-decay 0.05 --quiet "$@"
}
ibot() {
    step --set 'teacher.decay={from: 0.8, to: 0.95}' --set objective.1.weight=0.7 --set objective.1.momentum=0.8 \
        --set 'objective.0.teacher_temperature={from: 0.04, to: 0.07, over: 0.6}' \
        --set 'objective.1.teacher_temperature={from: 0.04, to: 0.07, over: 0.6}' "$@"
}
dino() {
    step --set mask.name=none --set model.encoder.positions=sincos --set model.projector.pool=class \
        --set 'objective=[{name: dino, of: projector, teacher_temperature: 0.05}]' --set model.projector.held=0.3 \
        --set 'teacher.decay={from: 0.9, to: 1}' "$@"
}
matches ibot ibot
matches dino dino

# The comparison can fail: temperatures that rise over the whole run, prototypes that learn from the start.
differs ibot ibot --set 'objective.1.teacher_temperature={from: 0.04, to: 0.07}'
differs dino dino --set model.projector.held=0
exit 0
