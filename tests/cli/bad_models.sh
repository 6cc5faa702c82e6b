#!/bin/sh
# Model files that are not what they say: cut, changed, hostile, of another recipe. No command reads past them.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
sed 's/width: 16, depth: 2, heads: 2/width: 24, depth: 2, heads: 2/' tiny.yaml >wide.yaml
succeeds "$lacuna" pretrain wide.yaml --data photos --out wide --steps 5 --quiet

model_commands() { # STATUS PATTERN MODEL
    refuses "$1" "$2" "$lacuna" embed "$3" photos --out features.npy --quiet
    refuses "$1" "$2" "$lacuna" eval knn "$3" --data photos --quiet
    refuses "$1" "$2" "$lacuna" reconstruct "$3" photos/odd/q000.bmp --out grid.png --quiet
    refuses "$1" "$2" "$lacuna" export hf "$3" exported --quiet
}
model_commands 1 "nowhere" nowhere
mkdir nothing
model_commands 1 "nothing" nothing

# A hostile header in place of the only checkpoint of a copy of the run.
hostile() { # PATTERN
    model_commands 1 "$1" bad
    refuses_in_run 1 "$1" "$lacuna" pretrain tiny.yaml --data photos --out bad --steps 10 --quiet
}
cp -R run bad
rm bad/checkpoints/step-00000005.safetensors
file=bad/checkpoints/step-00000010.safetensors
good=run/checkpoints/step-00000010.safetensors
size=$(wc -c <$good)
run_hostile() { hostile "step-00000010.safetensors"; }

head -c $((size - 100)) $good >$file && run_hostile                      # cut short
: >$file && run_hostile                                                  # empty
printf 'abc' >$file && run_hostile                                       # not even a length
safetensors $file 9007199254740991 '{}' && run_hostile                   # a header of petabytes
safetensors $file 99999999 '{}' && run_hostile                           # longer than the file
safetensors $file 2 '{}' && run_hostile                                  # no tensors, not a checkpoint
safetensors $file 9 '{"a": nul' && run_hostile                           # not JSON
deep=$(awk 'BEGIN {for (i = 0; i < 20000; i++) printf "["}')
safetensors $file 20005 "{\"a\":$deep" && run_hostile                    # nested to overflow a stack
text='{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'
safetensors $file ${#text} "$text" && run_hostile                        # a shape whose size wraps to 0
text='{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
safetensors $file ${#text} "$text" && printf 1234 >>$file && run_hostile # the same name twice
text='{"a":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551612,4]}}'
safetensors $file ${#text} "$text" && printf 1234 >>$file && run_hostile # offsets that wrap
# One byte of a weight changed: the checkpoint's own hash notices.
{ head -c $((size - 40)) $good; printf 'X'; tail -c 39 $good; } >$file
cmp -s $good $file && fail "the byte was X already"
run_hostile

# A damaged newest checkpoint beside a good older one: named, and the older one is used.
cp run/checkpoints/step-00000005.safetensors bad/checkpoints/
head -c 1000 $good >$file
succeeds "$lacuna" pretrain tiny.yaml --data photos --out bad --steps 10
has "$room.err" "passed over.*step-00000010"
cmp $good $file || fail "the repaired run ends in other bits"

# A checkpoint of another recipe.
cp wide/checkpoints/step-00000005.safetensors $file
rm bad/checkpoints/step-00000005.safetensors
hostile "step-00000010.safetensors.*(another recipe|not this run)"
