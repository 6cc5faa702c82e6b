#!/bin/sh
# Every command once, on small pictures, in text and JSON: it works, and what it writes is what it says.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
json() { # COMMAND...: one JSON document on stdout, nothing on stderr under --quiet
    succeeds "$@" --json --quiet
    [ ! -s "$room.err" ] || fail "stderr under --quiet: $*"
    if command -v jq >/dev/null; then
        [ "$(jq -s length "$room.out")" = 1 ] || fail "not one JSON document: $*"
    else
        has "$room.out" '^[[{]'
    fi
}
[ -f run/recipe.yaml ] && [ -f run/run.json ] && [ -f run/log.jsonl ] || fail "the run's folder is not complete"
if command -v jq >/dev/null; then
    jq -e '.step and .loss and .lr and has("grad_norm") and has("images_per_s") and has("wait_s") and
           has("feature_std") and has("effective_rank") and has("mean_cosine")' run/log.jsonl >/dev/null ||
        fail "log.jsonl lacks a field"
fi
# The resolved recipe is itself a recipe, and gives the same run.
succeeds "$lacuna" pretrain run/recipe.yaml --data photos --out again --steps 10 --quiet
cmp run/checkpoints/step-00000010.safetensors again/checkpoints/step-00000010.safetensors || fail "the resolved recipe gives other bits"

json "$lacuna" methods
has "$room.out" mae-tiny-32
json "$lacuna" data photos --stats
has "$room.out" '12'
succeeds "$lacuna" data photos --sheet sheet.png --quiet
[ "$(head -c 4 sheet.png | tail -c 3)" = PNG ] || fail "sheet.png is not a PNG"
json "$lacuna" pretrain tiny.yaml --data photos --out run --steps 10
json "$lacuna" bench tiny.yaml --seconds 0.2s
for key in images_per_s gflops peak_gflops peak_share peak_rss_mb spread; do has "$room.out" "\"$key\": [0-9.]"; done
json "$lacuna" bench tiny.yaml --seconds 0.2s --ops --svg ops.svg
for key in accounted roofline gbytes_per_s; do has "$room.out" "\"$key\": [0-9.]"; done
tail -n 1 ops.svg | grep -q '^</svg>$' || fail "ops.svg is not whole"
succeeds "$lacuna" bench tiny.yaml --seconds 0.2s --ops
has "$room.out" "gemm.bias.gelu"
json "$lacuna" bench tiny.yaml --loader photos --seconds 0.2s --loaders 1
for key in images_per_s processor_ms; do has "$room.out" "\"$key\": [0-9.]"; done
succeeds "$lacuna" bench tiny.yaml --plan
has "$room.out" attention
json "$lacuna" eval knn run --data photos --k 3
json "$lacuna" eval linear run --data photos
json "$lacuna" eval knn run --data photos --labels 2 --seeds 3 --k 1
# Three rows: trained, untrained, raw pixels.
succeeds "$lacuna" eval all run --data photos --labels 2 --seeds 2 --k 3 --quiet
for row in untrained pixels; do has "$room.out" "$row"; done
succeeds "$lacuna" embed run photos --out features.npy --quiet
succeeds "$lacuna" embed run photos --out again.npy --quiet --threads 2
cmp features.npy again.npy || fail "other threads, other features"
for pool in cls mean patch; do succeeds "$lacuna" embed run photos --out $pool.npy --pool $pool --quiet; done
succeeds "$lacuna" reconstruct run photos/odd/q000.bmp photos/even/p001.bmp --out grid.png --quiet
[ "$(head -c 4 grid.png | tail -c 3)" = PNG ] || fail "grid.png is not a PNG"
succeeds "$lacuna" export hf run exported --quiet
[ -f exported/config.json ] && [ -f exported/model.safetensors ] || fail "the exported folder is not complete"
succeeds "$lacuna" embed exported photos --out exported.npy --quiet
no_temporaries
