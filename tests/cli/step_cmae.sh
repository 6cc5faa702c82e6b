#!/bin/sh
# CMAE through `lacuna step`: both terms, gradients, weights and the teacher's weights over five steps are those of plain
# PyTorch (tests/reference/cmae.py), on every instruction set this processor has.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references cmae
step() {
    "$lacuna" step cmae-tiny --set picture.size=12 --set model.encoder.width=8 --set model.encoder.depth=2 \
        --set model.encoder.heads=2 --set model.encoder.mlp_ratio=2 --set mask.ratio=0.5 \
        --set model.decoder.width=8 --set model.decoder.depth=2 --set model.decoder.heads=2 \
        --set model.decoder.mlp_ratio=2 --set model.feature_decoder.width=8 --set model.feature_decoder.heads=2 \
        --set model.feature_decoder.mlp_ratio=2 --set model.projector.hidden=12 --set model.projector.out=6 \
        --set model.predictor.hidden=12 --set model.predictor.out=6 --set 'teacher.decay={from: 0.8, to: 0.95}' \
        --set objective.1.temperature=0.2 --set objective.1.weight=0.4 --seed 1 --steps 5 --lr 1e-3 \
        --weight-decay 0.05 --quiet "$@"
}
matches cmae step

# The comparison can fail: the teacher's features after its final norm.
differs cmae step --set teacher.norm=true
grep -q '^teacher_projection' "$room.err" || fail "normed features show elsewhere: $(cat "$room.err")"

step() { "$lacuna" pretrain cmae-tiny --data photos --out bad --steps 2 --quiet "$@"; }
pictures photos 4 30 30
refuses 2 "views.geometry: shifted: patches are compared place by place, and two windows" step \
    --set model.projector.pool=none
refuses 2 "model.projector.pool: class: feature decoder 'mae' gives patches" step --set model.projector.pool=class
refuses 2 "decoder 'mae' and feature decoder 'linear' do not fit" step --set model.feature_decoder.name=linear
exit 0
