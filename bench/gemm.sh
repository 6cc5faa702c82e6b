#!/bin/sh
# Matrix products alone, in the shapes of the recipes' steps, beside OpenBLAS, BLIS and oneDNN (gemm_peers.c).
#   bench/gemm.sh LACUNA BENCH_GEMM_PEERS
# Environment: THREADS ("1 2": one table each), ROUNDS (15), TINY_PICTURES and VIT_B_PICTURES (32, 8: a micro-batch's rows),
# LACUNA_ISA (the others are held to the same instruction set), OUT (build/bench): where gemm.json and gemm.md go.
# The others: apt-get install libopenblas0-pthread libblis4-openmp libdnnl-dev; what is missing is left out, by name.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lacuna=${1:?the lacuna program; see the first lines of this file} bench=${2:?bench_gemm_peers} out=${OUT:-build/bench}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -p "$out"
# shellcheck source=bench/lib.sh
. "$here/lib.sh"
# Left behind by other work, these would choose for the libraries.
unset OPENBLAS_CORETYPE OPENBLAS_NUM_THREADS OPENBLAS_THREAD_TIMEOUT BLIS_ARCH_TYPE BLIS_NUM_THREADS OMP_NUM_THREADS \
    OMP_WAIT_POLICY GOMP_SPINCOUNT DNNL_MAX_CPU_ISA ONEDNN_MAX_CPU_ISA

describe_machine
machine_markdown >"$room/gemm.md"
printf '{"machine": [%s],\n "runs": [\n' "$(machine_json)" >"$room/gemm.json"
comma=
for threads in ${THREADS:-1 2}; do
    echo
    "$bench" "$threads" "$room/run.json" "${ROUNDS:-15}" "${TINY_PICTURES:-32}" "${VIT_B_PICTURES:-8}" >"$room/run.md"
    cat "$room/run.md"
    { cat "$room/run.md" && echo; } >>"$room/gemm.md"
    { printf '%s' "$comma" && cat "$room/run.json"; } >>"$room/gemm.json"
    comma=,
done
echo ']}' >>"$room/gemm.json"
mv "$room/gemm.json" "$room/gemm.md" "$out/"
printf '\n%s/gemm.json, %s/gemm.md\n' "$out" "$out"
