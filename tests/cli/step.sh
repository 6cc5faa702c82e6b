#!/bin/sh
# `lacuna step` and `lacuna export hf`: a run and its export give the same losses, the dump has what it should under the
# names of the model's own file, and wrong inputs are refused without a dump.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run

# view/0 [2 x 3 x 16 x 16] and noise [2 x 16] of repeating bytes that are ordinary floats (each 4 bytes: 0x3f, .., small)
floats() { # COUNT
    awk -v n="$1" 'BEGIN {for (i = 0; i < n; i++) printf "\\%03o\\%03o\\%03o\\%03o", i * 7 % 256, i * 31 % 256, i * 13 % 128, 62 + i % 2}'
}
inputs() { # FILE HEADER COUNT
    safetensors "$1" "${#2}" "$2"
    # shellcheck disable=SC2059
    printf "$(floats "$3")" >>"$1"
}
header='{"view/0":{"dtype":"F32","shape":[2,3,16,16],"data_offsets":[0,6144]},"noise":{"dtype":"F32","shape":[2,16],"data_offsets":[6144,6272]}}'
inputs in.safetensors "$header" 1568

succeeds "$lacuna" step run --inputs in.safetensors --dump run.safetensors --steps 3 --lr 1e-3 --weight-decay 0.05
cp "$room.out" run.losses
[ "$(wc -l <run.losses)" -eq 3 ] || fail "three losses expected"
[ "$(sort -u run.losses | awk '{print $4}' | sort -u | wc -l)" -eq 3 ] || fail "the loss does not change"
for name in '"loss"' '"term/l2"' '"prediction"' '"mask"' '"grad/blocks.1.attn.qkv.weight"' '"after/decoder_pred.bias"'; do
    head -c 20000 run.safetensors | grep -qaF "$name" || fail "the dump has no $name"
done
head -c 20000 run.safetensors | grep -qaF '"grad/pos_embed"' && fail "a fixed table has a gradient"
succeeds "$lacuna" step run --inputs in.safetensors --dump again.safetensors --steps 3 --lr 1e-3 --weight-decay 0.05
cmp run.safetensors again.safetensors || fail "the same step gives another dump"

succeeds "$lacuna" export hf run hf
[ "$(ls hf | tr '\n' ' ')" = "config.json model.safetensors preprocessor_config.json " ] || fail "files: $(ls hf)"
succeeds "$lacuna" step hf --inputs in.safetensors --dump hf.safetensors --steps 3 --lr 1e-3 --weight-decay 0.05
cmp "$room.out" run.losses || fail "the export's losses differ from the run's"
head -c 20000 hf.safetensors | grep -qaF '"grad/vit.encoder.layer.1.attention.attention.query.weight"' ||
    fail "the dump does not use Hugging Face's names"
succeeds env LACUNA_ISA=portable "$lacuna" step hf --inputs in.safetensors --dump portable.safetensors --quiet
succeeds "$lacuna" step tiny.yaml --seed 5 --inputs in.safetensors --dump recipe.safetensors --json
has "$room.out" '"loss": \[[0-9.]+\]'

refused() { refuses "$1" "$2" "$lacuna" step run --inputs "$3" --dump refused.safetensors; }
refused 1 "cannot open" missing.safetensors
inputs shape.safetensors '{"view/0":{"dtype":"F32","shape":[2,3,16,8],"data_offsets":[0,3072]}}' 768
refused 1 "view/0: expected B x 3 x 16 x 16, found 2 x 3 x 16 x 8" shape.safetensors
inputs alone.safetensors '{"view/0":{"dtype":"F32","shape":[1,3,16,16],"data_offsets":[0,3072]}}' 768
refused 2 "expected noise, keep/0 or mask/0" alone.safetensors
inputs extra.safetensors '{"view/0":{"dtype":"F32","shape":[1,3,16,16],"data_offsets":[0,3072]},"x":{"dtype":"F32","shape":[1],"data_offsets":[3072,3076]}}' 769
refused 1 "unexpected tensor 'x'" extra.safetensors
refuses 2 "--dump FILE is needed" "$lacuna" step run --inputs in.safetensors
refuses 2 "exclude each other" "$lacuna" step run --inputs in.safetensors --noise in.safetensors --dump refused.safetensors
refuses 2 "changes recipes only" "$lacuna" step run --set mask.ratio=0.5 --inputs in.safetensors --dump refused.safetensors
refuses 2 "unknown format 'onnx'" "$lacuna" export onnx run other
