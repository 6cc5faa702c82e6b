#!/bin/sh
# Lacuna beside PyTorch over a grid of shapes: does it lose anywhere?
#   bench/grid.sh LACUNA [CELL ...]      a cell is MODEL:PATCH:SIZE:MASK:BATCH, e.g. s:8:96:0.75:8; default: those below
# Environment: LACUNA_PEERS (folder of setup-peers.sh), PAIRS (3), SECONDS_EACH (3; at least two steps), THREADS (2),
# MOST_STEP_S (60: longer steps are left out, by name), OUT (build/bench): where grid.json and grid.md go.
#
# Whole MAE steps, as in peer_torch.py. Lacuna, PyTorch eager and torch.compile run in turn; PyTorch's two processes are
# warmed up once a cell and then wait. The ratio of a round is to the one of them that is faster in the median.
# The decoder is the same everywhere, 256 wide, 4 blocks, 8 heads, so that a cell is its encoder. With mask 0 nothing is
# hidden and the error of all patches is learnt.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lacuna=${1:?the lacuna program; see the first lines of this file}
shift
# Every pair of model, patch with picture, mask and batch occurs: each mask with each of the others' three values, and
# these with each other. Of all such arrays, the one with the fewest FLOPs.
[ $# -gt 0 ] || set -- ti:4:32:0:256 s:8:96:0:64 b:16:224:0:8 ti:8:96:0.5:64 s:4:32:0.5:256 b:16:224:0.5:8 \
    ti:16:224:0.75:256 s:8:96:0.75:8 b:4:32:0.75:64 ti:4:32:0.9:8 s:16:224:0.9:64 b:8:96:0.9:256
pairs=${PAIRS:-3} seconds=${SECONDS_EACH:-3} threads=${THREADS:-2} longest=${MOST_STEP_S:-60} out=${OUT:-build/bench}
room=$(mktemp -d)
trap 'exec 3>&- 5>&-; rm -rf "$room"' EXIT
mkdir -p "$out"
# shellcheck source=bench/lib.sh
. "$here/lib.sh"
[ -x "$python" ] || { echo "grid: no PyTorch at $python (bench/setup-peers.sh makes it)" >&2; exit 1; }
describe_machine

# MODEL:PATCH:SIZE:MASK:BATCH -> the options of both sides
read_cell() {
    IFS=: read -r model patch size mask batch <<CELL
$1
CELL
    case $model in
    ti) width=192 heads=3 ;;
    s) width=384 heads=6 ;;
    b) width=768 heads=12 ;;
    *) echo "grid: $1: expected ti, s or b" >&2 && exit 2 ;;
    esac
    ours="mae-vit-b16 --batch $batch --threads $threads --set picture.size=$size --set model.encoder.patch=$patch
        --set model.encoder.width=$width --set model.encoder.heads=$heads --set model.decoder.width=256
        --set model.decoder.depth=4 --set model.decoder.heads=8"
    if [ "$mask" = 0 ]; then
        ours="$ours --set mask.name=none --set objective.0.on=all"
    else
        ours="$ours --set mask.ratio=$mask"
    fi
    theirs="mae-vit-b16 --batch $batch --threads $threads --size $size --patch $patch --encoder $width,12,$heads
        --decoder 256,4,8 --mask $mask --optimizer fused --embed linear --serve"
}

# A round of each; a peer that has died answers nothing, and stays out.
run_ours() {
    # shellcheck disable=SC2086
    timeout $((longest * 6)) "$lacuna" bench $ours --seconds "$seconds" --json --quiet | tr -d '\n' >"$room/last" || return 1
    [ -s "$room/last" ] || return 1
    { cat "$room/last" && echo; } >>"$room/ours"
}
run_eager() { echo "$seconds" >&3 && read -r line <&4 && echo "$line" >>"$room/eager"; }
run_compiled() { echo "$seconds" >&5 && read -r line <&6 && echo "$line" >>"$room/compile"; }

start_peers() {
    rm -f "$room"/*.in "$room"/*.out
    mkfifo "$room/eager.in" "$room/eager.out" "$room/compile.in" "$room/compile.out"
    # shellcheck disable=SC2086
    "$python" "$here/peer_torch.py" $theirs --mode eager <"$room/eager.in" >"$room/eager.out" 2>"$room/eager.err" &
    exec 3>"$room/eager.in" 4<"$room/eager.out"
    eager=yes
    read -r line <&4 || eager=''
    # shellcheck disable=SC2086
    "$python" "$here/peer_torch.py" $theirs --mode compile <"$room/compile.in" >"$room/compile.out" \
        2>"$room/compile.err" 3>&- 4<&- &
    exec 5>"$room/compile.in" 6<"$room/compile.out"
    compiled=yes
    read -r line <&6 || compiled=''
}
stop_peers() {
    exec 3>&- 4<&- 5>&- 6<&-
    wait
}

ratio_json() {
    [ "$1" != nan ] || { echo null && return; }
    echo "{\"median\": $1, \"lowest\": $2, \"highest\": $3}"
}

left_out() { # CELL WHY
    echo "$1: left out: $2"
    echo "| $1 | left out: $2 | | | | |" >>"$room/md"
    add_json "{\"cell\": \"$1\", \"left_out\": \"$2\"}"
}
cells=''
add_json() {
    cells="$cells${cells:+,
  }$1"
}

run_cell() {
    for side in ours eager compile; do : >"$room/$side"; done
    run_ours || { left_out "$1" "Lacuna: no step in $((longest * 6)) s, or no memory" && return; }
    step=$(number "$room/ours" step_s)
    if awk "BEGIN {exit !($step > $longest)}"; then
        left_out "$1" "$step s a step"
        return
    fi
    start_peers # after Lacuna's first round, which shows whether this cell is small enough
    i=0
    while [ $i -lt "$pairs" ]; do
        [ $i = 0 ] || run_ours
        [ -z "$eager" ] || run_eager || eager=''
        [ -z "$compiled" ] || run_compiled || compiled=''
        i=$((i + 1))
    done
    stop_peers
    report "$1"
}

# The cell's medians of each, ratios round by round. Unquoted: "median lowest highest" are three words.
# shellcheck disable=SC2086
report() {
    number "$room/ours" images_per_s >"$room/a"
    best=none fastest=0
    for side in eager compile; do
        number "$room/$side" images_per_s >"$room/$side.rates"
        [ "$(wc -l <"$room/$side.rates")" = "$pairs" ] || { echo "$1: PyTorch, $side: failed: $(tail -1 "$room/$side.err")"; continue; }
        rate=$(field "$(summary <"$room/$side.rates")" 1)
        if awk "BEGIN {exit !($rate > $fastest)}"; then best=$side fastest=$rate; fi
    done
    mine=$(summary <"$room/a") share=$(field "$(number "$room/ours" peak_share | summary)" 1)
    rss=$(field "$(number "$room/ours" peak_rss_mb | summary)" 1)
    eager_rate=$(field "$(summary <"$room/eager.rates")" 1) compile_rate=$(field "$(summary <"$room/compile.rates")" 1)
    ratio="nan nan nan" peer_rss=null
    if [ $best != none ]; then
        ratio=$(paste "$room/a" "$room/$best.rates" | awk '{print $1 / $2}' | summary)
        peer_rss=$(number "$room/$best" peak_rss_mb | sort -g | tail -1)
    fi
    percent=$(awk "BEGIN {print 100 * $share}")
    printf '%-20s lacuna %8.2f images/s, %4.1f %% of peak, %5.0f MB   eager %s   compile %s, %s MB   ratio %.2f (%.2f to %.2f)\n' "$1" \
        "$(field "$mine" 1)" "$percent" "$rss" "$eager_rate" "$compile_rate" "$peer_rss" $ratio
    printf '| %s | %.2f (%.2f to %.2f) | %.1f %% | %s | %s | %.2f (%.2f to %.2f) | %.0f / %s |\n' "$1" $mine "$percent" \
        "$eager_rate" "$compile_rate" $ratio "$rss" "$peer_rss" >>"$room/md"
    add_json "{\"cell\": \"$1\", \"images_per_s\": $(field "$mine" 1), \"peak_share\": $share, \"peak_rss_mb\": $rss, \"eager\": $eager_rate, \"compile\": $compile_rate, \"peer_peak_rss_mb\": $peer_rss, \"ratio\": $(ratio_json $ratio)}"
}

printf '| model:patch:picture:mask:batch | Lacuna, images/s | of peak | eager | compile | ratio to the faster | MB |\n' >"$room/md"
printf '| --- | --- | --- | --- | --- | --- | --- |\n' >>"$room/md"
printf '\n%s threads, %s rounds of %s s, PyTorch %s\n' "$threads" "$pairs" "$seconds" \
    "$("$python" -c 'import torch; print(torch.__version__)')" | tee -a "$room/machine"
save() { # after every cell: a grid takes long
    printf '{"machine": [%s],\n "cells": [\n  %s\n]}\n' "$(machine_json)" "$cells" >"$room/grid.json"
    { machine_markdown && cat "$room/md"; } >"$room/grid.md"
    mv "$room/grid.json" "$room/grid.md" "$out/"
}
for cell in "$@"; do
    read_cell "$cell"
    run_cell "$cell"
    save
done
printf '\n%s/grid.json, %s/grid.md\n' "$out" "$out"
