#!/bin/sh
# Tokenizers and BEiT on their codes, through `lacuna step`: losses, codes, gradients, weights and the codebook's state over
# five steps are those of plain PyTorch and transformers (tests/reference/tokens.py), on every instruction set.
tests=$(cd "$(dirname "$0")" && pwd)
. "$tests/lib.sh"
. "$tests/step_lib.sh"
begin "$1"
references tokens
tiny='--set picture.size=12 --set model.encoder.width=8 --set model.encoder.depth=2 --set model.encoder.heads=2
    --set model.encoder.mlp_ratio=2'
coder="$tiny --set model.quantizer.codes=10 --set model.quantizer.width=5 --set model.decoder.width=8
    --set model.decoder.depth=1 --set model.decoder.heads=2 --set model.decoder.mlp_ratio=2"
moving='--set model.quantizer.decay=0.9 --set model.quantizer.eps=1e-2 --set model.quantizer.restart=0'
steps='--seed 1 --steps 5 --lr 1e-3 --weight-decay 0.05 --set optim.betas=[0.9,0.95] --quiet'

# shellcheck disable=SC2086
matches vq "$lacuna" step vq-tiny $steps $coder $moving --set model.encoder.positions=learned
# shellcheck disable=SC2086
matches dvae "$lacuna" step dvae-tiny $steps $coder --set model.encoder.positions=learned --set objective.1.weight=0.1 \
    --set 'model.quantizer.temperature={from: 1, to: 0.25, shape: linear}'

# The comparison can fail: another decay shows in the codebook's state alone, and not in the first gradient.
# shellcheck disable=SC2086
differs vq "$lacuna" step vq-tiny $steps $coder $moving --set model.encoder.positions=learned --set model.quantizer.decay=0.8
grep -q '^buffer_after/quantizer.codebook' "$room.err" || fail "another decay shows elsewhere: $(cat "$room.err")"
grep -q '^grad/' "$room.err" && fail "another decay changes the first gradient"

# A tokenizer's file of the right sizes, whose weights the inputs replace.
pictures photos 8 12 12
# shellcheck disable=SC2086
succeeds "$lacuna" tokenizer vq-tiny $coder --data photos --out codes --steps 2 --batch 4 --quiet
# shellcheck disable=SC2086
matches beit "$lacuna" step beit-tiny $steps $tiny --set target.tokenizer=codes/tokenizer.safetensors
exit 0
