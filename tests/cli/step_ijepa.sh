#!/bin/sh
# I-JEPA through `lacuna step`: loss, gradients, weights and the teacher's weights over five steps are those of transformers'
# encoder and a predictor of timm's blocks (tests/reference/ijepa.py), with lists that are as long in every picture and with
# padded ones, on every instruction set this processor has.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references ijepa
tiny='--set picture.size=16 --set picture.channels=3 --set model.encoder.patch=4 --set model.encoder.width=12
    --set model.encoder.depth=2 --set model.encoder.heads=3 --set model.encoder.mlp_ratio=2 --set model.decoder.width=8
    --set model.decoder.depth=2 --set model.decoder.heads=2 --set mask.targets=2 --seed 1
    --steps 5 --lr 1e-3 --weight-decay 0.05 --quiet'

step() { # CASE SETTINGS...
    case $1 in # the longest blocks: 4 patches, 6
        equal) target=[0.25,0.25] ;;
        *) target=[0.25,0.4] ;;
    esac
    shift
    # shellcheck disable=SC2086
    "$lacuna" step i-jepa-tiny $tiny --set mask.target=$target --set 'teacher.decay={from: 0.9, to: 1}' "$@"
}
matches equal step equal
matches padded step padded

# The comparison can fail: targets as they leave the teacher.
differs equal step equal --set target.norm=false

# Lists that do not fit are refused, with the reason.
refused() { step equal "$@" --inputs "$reference/equal.in.safetensors" --dump bad.safetensors >"$room.out" 2>"$room.err"; }
! refused --set mask.min_keep=2 --set mask.most=3 || fail "a context longer than the recipe's is taken"
grep -q "keep/0, blocks/0: expected at most 3 and 4 patches in a list, found 5 and 4" "$room.err" ||
    fail "expected the lengths: $(cat "$room.err")"
! refused --set mask.targets=3 || fail "two blocks are taken for three"
grep -q "blocks/0: expected 3 x 3 x patches of a list" "$room.err" || fail "expected the blocks: $(cat "$room.err")"
exit 0
