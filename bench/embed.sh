#!/bin/sh
# `lacuna embed` beside PyTorch on the same JPEG files, in turn; decoding included.
#   bench/embed.sh LACUNA BENCH_PICTURES [CASE ...]      a case is tiny, s8 or b16; default: all
# Environment: LACUNA_PEERS (folder of setup-peers.sh), PAIRS (5), COUNT (pictures a pass; default 4096, 512, 128), BATCH (64),
# THREADS (2), PEER ("MODE WORKERS", e.g. "eager 2"; default: the fastest), OUT (build/bench): where embed.json and embed.md go.
#
# tiny: mae-tiny-32 on 32 x 32 pictures. s8: ViT-S, patches of 8, 96 x 96. b16: ViT-B/16 on the middle of 500 x 375.
# The weights are those of one training step, exported for PyTorch. Lacuna's time is its whole command's; PyTorch's processes
# (eager, torch.compile; decoding in the process, by 1 or by 2 workers: the fastest
# in two passes) start before.
# The features have to agree to 1e-4 of the largest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lacuna=${1:?the lacuna program; see the first lines of this file} painter=${2:?bench_pictures}
shift 2
[ $# -gt 0 ] || set -- tiny s8 b16
pairs=${PAIRS:-5} batch=${BATCH:-64} threads=${THREADS:-2} out=${OUT:-build/bench}
room=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$room"' EXIT
mkdir -p "$out"
# shellcheck source=bench/lib.sh
. "$here/lib.sh"
[ -x "$python" ] || { echo "embed: no PyTorch at $python (bench/setup-peers.sh makes it)" >&2; exit 1; }
describe_machine

make_case() { # NAME: $room/pictures, $room/run and the same as $room/model
    rm -rf "$room/pictures" "$room/run" "$room/model" && mkdir "$room/pictures"
    case $1 in
    tiny) count=${COUNT:-4096} side="32 32" recipe=mae-tiny-32 ;;
    s8) count=${COUNT:-512} side="96 96" recipe="mae-vit-s16 --set picture.size=96 --set model.encoder.patch=8" ;;
    b16) count=${COUNT:-128} side="" recipe=mae-vit-b16 ;;
    *) echo "embed: expected tiny, s8 or b16, found '$1'" >&2 && exit 2 ;;
    esac
    # shellcheck disable=SC2086
    "$painter" "$room/pictures" "$count" $side
    rm -rf "$room/run"
    # shellcheck disable=SC2086
    "$lacuna" pretrain $recipe --data "$room/pictures" --out "$room/run" --steps 1 --batch 8 --threads "$threads" \
        --quiet >/dev/null
    "$lacuna" export hf "$room/run" "$room/model" --quiet >/dev/null
}

start_peer() { # MODE WORKERS
    rm -f "$room/in" "$room/out" && mkfifo "$room/in" "$room/out"
    "$python" "$here/peer_embed.py" "$room/model" "$room/pictures" --out "$room/theirs.npy" --batch "$batch" \
        --threads "$threads" --mode "$1" --workers "$2" <"$room/in" >"$room/out" 2>"$room/err" &
    exec 3>"$room/in" 4<"$room/out"
    read -r line <&4 || { echo "embed: PyTorch, $1, $2 workers: failed: $(tail -1 "$room/err")" >&2 && return 1; }
}
ask_peer() { echo pass >&3 && read -r line <&4 && echo "$line" >>"$room/peer"; }
stop_peer() {
    exec 3>&- 4<&-
    wait
}

# Fastest of two passes, first over the workers, then eager or compiled: "MODE WORKERS"
try_peer() { # MODE WORKERS
    : >"$room/peer"
    if start_peer "$1" "$2"; then
        ask_peer && ask_peer
        rate=$(number "$room/peer" images_per_s | sort -g | tail -1)
        printf 'pytorch, %s, %s workers: %.1f images/s\n' "$1" "$2" "$rate"
        if awk "BEGIN {exit !($rate > $fastest)}"; then fastest=$rate mode=$1 workers=$2; fi
    fi
    stop_peer
}
choose_peer() {
    fastest=0 mode='' workers=''
    for n in 0 1 2; do
        try_peer eager $n
    done
    [ -n "$mode" ] || { echo "embed: PyTorch does not work" >&2; exit 1; }
    try_peer compile "$workers"
    chosen="$mode $workers"
}

run_ours() {
    start=$(date +%s.%N)
    "$lacuna" embed "$room/run" "$room/pictures" --out "$room/ours.npy" --batch "$batch" --threads "$threads" \
        --loaders "$threads" --quiet >/dev/null
    awk "BEGIN {print $count / ($(date +%s.%N) - $start)}" >>"$room/ours"
}

# Unquoted: "median lowest highest" are three words.
# shellcheck disable=SC2086
run_case() {
    make_case "$1"
    chosen=${PEER:-}
    [ -n "$chosen" ] || choose_peer
    : >"$room/ours" && : >"$room/peer"
    start_peer $chosen
    i=0
    while [ $i -lt "$pairs" ]; do
        run_ours
        ask_peer
        i=$((i + 1))
    done
    stop_peer
    "$python" "$here/peer_embed.py" compare "$room/ours.npy" "$room/theirs.npy" >"$room/difference"
    difference=$(number "$room/difference" difference)
    awk "BEGIN {exit !($difference <= 1e-4)}" || { echo "embed: $1: features differ by $difference" >&2; exit 1; }
    number "$room/peer" images_per_s >"$room/theirs"
    ours=$(summary <"$room/ours") theirs=$(summary <"$room/theirs")
    ratio=$(paste "$room/ours" "$room/theirs" | awk '{print $1 / $2}' | summary)
    torch=$(word "$room/peer" torch | head -1)
    printf '%-5s lacuna %.1f images/s (%.1f to %.1f), pytorch %s, %s workers, %.1f (%.1f to %.1f), ratio %.2f (%.2f to %.2f), differ by %s\n' \
        "$1" $ours "$torch" "$chosen" $theirs $ratio "$difference"
    printf '| %s, %s pictures | %.1f (%.1f to %.1f) | %s, %s workers: %.1f (%.1f to %.1f) | **%.2f** (%.2f to %.2f) | %s |\n' \
        "$1" "$count" $ours "$torch" "$chosen" $theirs $ratio "$difference" >>"$room/md"
    cells="$cells${cells:+,
  }{\"case\": \"$1\", \"pictures\": $count, \"batch\": $batch, \"threads\": $threads, \"images_per_s\": $(field "$ours" 1), \"peer\": $(field "$theirs" 1), \"peer_settings\": \"$chosen workers\", \"torch\": \"$torch\", \"ratio\": {\"median\": $(field "$ratio" 1), \"lowest\": $(field "$ratio" 2), \"highest\": $(field "$ratio" 3)}, \"difference\": $difference}"
}

cells=''
printf '| case | Lacuna, images/s (lowest to highest) | PyTorch | ratio | features differ by |\n' >"$room/md"
printf '| --- | --- | --- | --- | --- |\n' >>"$room/md"
printf '\n%s threads, batch %s, %s pairs\n' "$threads" "$batch" "$pairs" | tee -a "$room/machine"
for name in "$@"; do
    run_case "$name"
done
printf '{"machine": [%s],\n "cells": [\n  %s\n]}\n' "$(machine_json)" "$cells" >"$room/embed.json"
{ machine_markdown && cat "$room/md"; } >"$room/embed.md"
mv "$room/embed.json" "$room/embed.md" "$out/"
printf '\n%s/embed.json, %s/embed.md\n' "$out" "$out"
