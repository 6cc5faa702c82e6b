#!/bin/sh
# Tokenizers and BEiT on their codes, through `lacuna step`: losses, codes, gradients, weights and the codebook's state over
# five steps are those of plain PyTorch and transformers (tests/reference/tokens.py), on every instruction set.
. "$(dirname "$0")/lib.sh"
begin "$1"
compare=$(dirname "$lacuna")/compare_dumps
reference=$(cd "$(dirname "$0")/../reference/tokens" && pwd)
[ -x "$compare" ] || fail "$compare is not there"
tiny='--set picture.size=12 --set model.encoder.width=8 --set model.encoder.depth=2 --set model.encoder.heads=2
    --set model.encoder.mlp_ratio=2'
coder="$tiny --set model.quantizer.codes=10 --set model.quantizer.width=5 --set model.decoder.width=8
    --set model.decoder.depth=1 --set model.decoder.heads=2 --set model.decoder.mlp_ratio=2"
moving='--set model.quantizer.decay=0.9 --set model.quantizer.eps=1e-2 --set model.quantizer.restart=0'
steps='--seed 1 --steps 5 --lr 1e-3 --weight-decay 0.05 --set optim.betas=[0.9,0.95] --quiet'

matches() { # CASE RECIPE SETTINGS...
    name=$1 recipe=$2
    shift 2
    for isa in portable avx2 avx512; do
        # shellcheck disable=SC2086
        if ! LACUNA_ISA=$isa "$lacuna" step "$recipe" $steps "$@" --inputs "$reference/$name.in.safetensors" \
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
matches vq vq-tiny $coder $moving --set model.encoder.positions=learned
# shellcheck disable=SC2086
matches dvae dvae-tiny $coder --set model.encoder.positions=learned --set objective.1.weight=0.1 \
    --set 'model.quantizer.temperature={from: 1, to: 0.25, shape: linear}'

# The comparison can fail: another decay shows in the codebook's state alone, and not in the first gradient.
# shellcheck disable=SC2086
"$lacuna" step vq-tiny $steps $coder $moving --set model.encoder.positions=learned --set model.quantizer.decay=0.8 \
    --inputs "$reference/vq.in.safetensors" --dump wrong.safetensors >/dev/null
"$compare" "$reference/vq.out.safetensors" wrong.safetensors >"$room.out" 2>"$room.err" && fail "another decay passes"
grep -q '^buffer_after/quantizer.codebook' "$room.err" || fail "another decay shows elsewhere: $(cat "$room.err")"
grep -q '^grad/' "$room.err" && fail "another decay changes the first gradient"

# A tokenizer's file of the right sizes, whose weights the inputs replace.
pictures photos 8 12 12
# shellcheck disable=SC2086
succeeds "$lacuna" tokenizer vq-tiny $coder --data photos --out codes --steps 2 --batch 4 --quiet
# shellcheck disable=SC2086
matches beit beit-tiny $tiny --set target.tokenizer=codes/tokenizer.safetensors
exit 0
