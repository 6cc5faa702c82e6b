#!/bin/sh
# `lacuna tokenizer`: the file it writes, runs that predict its codes with and without it, and what is refused.
. "$(dirname "$0")/lib.sh"
begin "$1"
labelled photos 6 18 16
cat >coder.yaml <<'END'
name: coder
picture: {size: 16, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
augment: {crop: random, scale: [0.5, 1]}
mask: {name: none}
model:
  encoder: {name: vit, patch: 4, width: 16, depth: 1, heads: 2, class_token: false}
  quantizer: {name: vq, codes: 12, width: 6}
  decoder: {name: blocks, width: 16, depth: 1, heads: 2}
target: {name: pixels, norm: false}
objective: [{name: l2, on: all}, {name: l2, of: quantizer, on: all, weight: 0.25}]
optim: {lr: 3e-3, per: 0}
train: {batch: 8}
checkpoint: {every: 7}
END
cat >student.yaml <<'END'
name: student
picture: {size: 16, channels: 3, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
mask: {name: blockwise, ratio: 0.5, min: 2}
model:
  encoder: {name: vit, patch: 4, width: 16, depth: 1, heads: 2}
  decoder: {name: linear}
target: {name: tokens}
objective: [{name: cross-entropy}]
optim: {lr: 3e-3, per: 0}
train: {batch: 8}
END

succeeds "$lacuna" tokenizer coder.yaml --data photos --out codes --steps 30 --quiet
has "$room.out" "^codes: done, 30 steps"
has "$room.out" "^codes/tokenizer.safetensors: on 12 pictures of photos: squared error [0-9.]+, perplexity [0-9.]+ of 12 codes"
has codes/log.jsonl '"figures": \{"perplexity": [0-9.]+, "codes_used": [0-9]+\}'
# Finished: measured and written again, the same bytes.
cp codes/tokenizer.safetensors first
succeeds "$lacuna" tokenizer coder.yaml --data photos --out codes --steps 30 --json --quiet
has "$room.out" '"tokenizer": "codes/tokenizer.safetensors".*"codes": 12'
cmp first codes/tokenizer.safetensors || fail "written again, the file differs"
# Paused and resumed, with other threads: the same bytes.
succeeds "$lacuna" tokenizer coder.yaml --data photos --out again --steps 30 --stop-after 0.001s --threads 2 --quiet
has "$room.out" "again: paused at step [0-9]+ of 30; resume with: lacuna tokenizer coder.yaml"
[ -f again/tokenizer.safetensors ] && fail "a tokenizer that is not finished was written"
succeeds "$lacuna" tokenizer coder.yaml --data photos --out again --steps 30 --threads 1 --quiet
cmp first again/tokenizer.safetensors || fail "a resumed tokenizer differs"

file=codes/tokenizer.safetensors
student() { "$lacuna" pretrain student.yaml --data photos --steps 12 --quiet "$@"; }
succeeds student --out run --set target.tokenizer=$file
has run/recipe.yaml "^  tokenizer: codes/tokenizer.safetensors"
has run/recipe.yaml "^  fingerprint: [0-9a-f]{16}"
# The same file elsewhere is the same run; another tokenizer is not.
mkdir 'else where' && mv $file 'else where/it is.safetensors'
succeeds student --out run --set "target.tokenizer=else where/it is.safetensors"
has "$room.out" "finished already"
succeeds "$lacuna" tokenizer coder.yaml --data photos --out other --steps 3 --seed 5 --quiet
refuses 2 "another recipe: target.fingerprint" student --out run --set target.tokenizer=other/tokenizer.safetensors
# A run is whole without the file.
succeeds "$lacuna" embed run photos --out features.npy --quiet
refuses 1 "target.tokenizer: codes/tokenizer.safetensors: cannot open" student --out run --set target.tokenizer=$file
refuses 2 "predicts 12 values a patch" "$lacuna" reconstruct run photos --out pictures.png --quiet
mv 'else where/it is.safetensors' $file

refuses 2 "target 'tokens' needs a tokenizer: expected --set target.tokenizer=FILE" student --out bad
refuses 2 "recipe student trains no tokenizer" "$lacuna" tokenizer student.yaml --data photos --out bad --steps 2 \
    --set target.tokenizer=$file
refuses 2 "picture.mean: .* but codes/tokenizer.safetensors was trained with" student --out bad \
    --set target.tokenizer=$file --set picture.mean=0.4
refuses 2 "target.tokenizer: its patches of 4 make 4 .* model.encoder.patch of 8 makes 2" student --out bad \
    --set target.tokenizer=$file --set model.encoder.patch=8
refuses 2 "objective.0: 'l2' compares values, and target 'tokens' gives one of K codes" student --out bad \
    --set target.tokenizer=$file --set objective.0.name=l2
refuses 1 "not a tokenizer's file" student --out bad \
    --set target.tokenizer=codes/checkpoints/step-00000030.safetensors
head -c 900 $file >short
refuses 1 "short: " student --out bad --set target.tokenizer=short
size=$(wc -c <$file)
{ head -c $((size - 1)) $file && printf 'x'; } >damaged
refuses 1 "damaged: its contents hash to" student --out bad --set target.tokenizer=damaged

coder() { "$lacuna" tokenizer coder.yaml --data photos --out bad --steps 2 --quiet "$@"; }
refuses 2 "on: hidden: mask 'none' hides nothing" coder --set objective.0.on=hidden
refuses 2 "quantizer 'gumbel' gives nothing to compare" coder --set model.quantizer.name=gumbel
refuses 2 "of: quantizer: model.quantizer is 'none'" "$lacuna" pretrain student.yaml --data photos --out bad --steps 2 \
    --set target.tokenizer=$file --set objective.0.of=quantizer
exit 0
