#!/bin/sh
# I-JEPA through `lacuna step`: loss, gradients, weights and the teacher's weights over five steps are those of transformers'
# encoder and a predictor of timm's blocks (tests/reference/ijepa.py), with lists that are as long in every picture and with
# padded ones, on every instruction set this processor has.
. "$(dirname "$0")/lib.sh"
begin "$1"
compare=$(dirname "$lacuna")/compare_dumps
reference=$(cd "$(dirname "$0")/../reference/ijepa" && pwd)
[ -x "$compare" ] || fail "$compare is not there"
tiny='--set picture.size=16 --set picture.channels=3 --set model.encoder.patch=4 --set model.encoder.width=12
    --set model.encoder.depth=2 --set model.encoder.heads=3 --set model.encoder.mlp_ratio=2 --set model.decoder.width=8
    --set model.decoder.depth=2 --set model.decoder.heads=2 --set mask.targets=2 --seed 1
    --steps 5 --lr 1e-3 --weight-decay 0.05 --quiet'

step() { # CASE SETTINGS...
    name=$1
    shift
    case $name in # the longest blocks: 4 patches, 6
        equal) target=[0.25,0.25] ;;
        *) target=[0.25,0.4] ;;
    esac
    # shellcheck disable=SC2086
    "$lacuna" step i-jepa-tiny $tiny --set mask.target=$target "$@" --inputs "$reference/$name.in.safetensors" --dump "$name.safetensors" \
        >"$room.out" 2>"$room.err"
}
for name in equal padded; do
    for isa in portable avx2 avx512; do
        if ! LACUNA_ISA=$isa step $name --set 'teacher.decay={from: 0.9, to: 1}'; then
            grep -q "instruction set\|processor" "$room.err" && continue
            fail "$name on $isa: $(cat "$room.err")"
        fi
        "$compare" "$reference/$name.out.safetensors" "$name.safetensors" >"$room.out" 2>"$room.err" ||
            fail "$name on $isa: $(cat "$room.out" "$room.err")"
        echo "$name on $isa: $(cat "$room.out")"
    done
done

# The comparison can fail: targets as they leave the teacher.
step equal --set 'teacher.decay={from: 0.9, to: 1}' --set target.norm=false || fail "$(cat "$room.err")"
"$compare" "$reference/equal.out.safetensors" equal.safetensors >"$room.out" 2>"$room.err" && fail "other targets pass"

# Lists that do not fit are refused, with the reason.
step equal --set mask.min_keep=2 --set mask.most=3 && fail "a context longer than the recipe's is taken"
grep -q "keep/0, blocks/0: expected at most 3 and 4 patches in a list, found 5 and 4" "$room.err" ||
    fail "expected the lengths: $(cat "$room.err")"
step equal --set mask.targets=3 && fail "two blocks are taken for three"
grep -q "blocks/0: expected 3 x 3 x patches of a list" "$room.err" || fail "expected the blocks: $(cat "$room.err")"
exit 0
