#!/bin/sh
# Methods with a teacher, through `lacuna step`: loss, gradients, weights and the teacher's weights over five steps are
# those of plain PyTorch (tests/reference/teacher.py), on every instruction set this processor has.
. "$(dirname "$0")/lib.sh"
begin "$1"
compare=$(dirname "$lacuna")/compare_dumps
reference=$(cd "$(dirname "$0")/../reference/teacher" && pwd)
[ -x "$compare" ] || fail "$compare is not there"
tiny='--set picture.size=12 --set picture.channels=1 --set model.encoder.width=8 --set model.encoder.depth=2
    --set model.encoder.heads=2 --set model.encoder.mlp_ratio=2 --set model.encoder.positions=learned --seed 1
    --steps 5 --lr 1e-3 --weight-decay 0.05 --quiet'
head='--set model.projector.hidden=12 --set model.projector.out=6'

matches() { # CASE RECIPE SETTINGS...
    name=$1 recipe=$2
    shift 2
    for isa in portable avx2 avx512; do
        # shellcheck disable=SC2086
        if ! LACUNA_ISA=$isa "$lacuna" step "$recipe" $tiny "$@" --inputs "$reference/$name.in.safetensors" \
            --dump "$name.safetensors" >"$room.out" 2>"$room.err"; then
            grep -q "instruction set\|processor" "$room.err" && continue
            fail "$name on $isa: $(cat "$room.err")"
        fi
        "$compare" "$reference/$name.out.safetensors" "$name.safetensors" >"$room.out" 2>"$room.err" ||
            fail "$name on $isa: $(cat "$room.out" "$room.err")"
        echo "$name on $isa: $(cat "$room.out")"
    done
}
# shellcheck disable=SC2086
matches msc msc-tiny $head
# shellcheck disable=SC2086
matches conmim conmim-tiny $head --set objective.0.temperature=0.2 --set 'teacher.decay={from: 0.9, to: 1}'
matches data2vec data2vec-tiny --set objective.0.beta=0.5 --set 'teacher.decay={from: 0.8, to: 0.95}' \
    --set target.layers=2 --set model.encoder.relative=none --set model.encoder.key_bias=true
# shellcheck disable=SC2086
matches siamese siamese $head --set model.predictor.hidden=12 --set model.predictor.norm=false
# shellcheck disable=SC2086
matches learning siamese $head --set model.predictor.name=none --set teacher.stop_gradient=false

# The comparison can fail: another decay, another temperature.
# shellcheck disable=SC2086
"$lacuna" step conmim-tiny $tiny $head --set objective.0.temperature=0.2 --set teacher.decay=0.9 \
    --inputs "$reference/conmim.in.safetensors" --dump wrong.safetensors >/dev/null
"$compare" "$reference/conmim.out.safetensors" wrong.safetensors >"$room.out" 2>"$room.err" &&
    fail "another decay passes"
grep -q '^teacher_after/' "$room.err" || fail "another decay shows elsewhere: $(cat "$room.err")"
grep -q '^grad/' "$room.err" && fail "another decay changes the first gradient"
exit 0
