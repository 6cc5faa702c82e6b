#!/bin/sh
# Lacuna and PyTorch in turn (A B A B ...) on the same machine, whole training steps: medians, spreads, ratio, peak memory.
#   bench/pairs.sh LACUNA [RECIPE:BATCH ...]
# Environment: LACUNA_PEERS (folder of setup-peers.sh), PAIRS (7), SECONDS_EACH (20), THREADS (2), OUT (build/bench): where
# pairs.json and pairs.md go. PyTorch's settings are looked for first and then stay; eager and torch.compile compete, the
# faster one is compared. The ratio is the median of the pairs' ratios: a machine that slows down slows both of a pair.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lacuna=${1:?the lacuna program; see the first lines of this file}
shift
[ $# -gt 0 ] || set -- mae-tiny-32:128 mae-vit-b16:8
pairs=${PAIRS:-7} seconds=${SECONDS_EACH:-20} threads=${THREADS:-2} out=${OUT:-build/bench}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -p "$out"

# shellcheck source=bench/lib.sh
. "$here/lib.sh"
[ -x "$python" ] || echo "bench: no PyTorch at $python (bench/setup-peers.sh makes it): Lacuna alone"
describe_machine

cells=
printf '| recipe | batch | | images/s (lowest to highest) | GFLOP/s | share of peak | peak RSS, MB |\n' >"$room/md"
printf '| --- | --- | --- | --- | --- | --- | --- |\n' >>"$room/md"
for pair in "$@"; do
    recipe=${pair%%:*} batch=${pair##*:}
    printf '\n%s, batch %s, %s threads, %s pairs of %s s\n' "$recipe" "$batch" "$threads" "$pairs" "$seconds"
    : >"$room/ours" && : >"$room/peer"
    settings=
    if [ -x "$python" ]; then
        "$python" "$here/peer_torch.py" "$recipe" --batch "$batch" --threads "$threads" --seconds 5 >"$room/best"
        settings="--mode $(word "$room/best" mode) --optimizer $(word "$room/best" optimizer) --embed $(word "$room/best" embed)"
    fi
    i=0
    while [ $i -lt "$pairs" ]; do
        "$lacuna" bench "$recipe" --batch "$batch" --threads "$threads" --seconds "$seconds" --json --quiet |
            tr -d '\n' >>"$room/ours"
        echo >>"$room/ours"
        # shellcheck disable=SC2086
        [ -z "$settings" ] || "$python" "$here/peer_torch.py" "$recipe" --batch "$batch" --threads "$threads" \
            --seconds "$seconds" $settings >>"$room/peer"
        i=$((i + 1))
    done
    ours=$(number "$room/ours" images_per_s | summary) share=$(number "$room/ours" peak_share | summary)
    gflops=$(number "$room/ours" gflops | summary) rss=$(number "$room/ours" peak_rss_mb | summary)
    printf '%-10s %8.1f images/s (%.1f to %.1f), %.1f GFLOP/s, share of peak %.3f (%.3f to %.3f), %.0f MB\n' lacuna \
        $ours "$(field "$gflops" 1)" $share "$(field "$rss" 1)"
    printf '| %s | %s | Lacuna | %.1f (%.1f to %.1f) | %.1f | %.1f %% | %.0f |\n' "$recipe" "$batch" $ours \
        "$(field "$gflops" 1)" "$(awk "BEGIN {print 100 * $(field "$share" 1)}")" "$(field "$rss" 1)" >>"$room/md"
    cell="{\"recipe\": \"$recipe\", \"batch\": $batch, \"threads\": $threads, \"pairs\": $pairs, \"lacuna\": {\"images_per_s\": $(field "$ours" 1), \"lowest\": $(field "$ours" 2), \"highest\": $(field "$ours" 3), \"gflops\": $(field "$gflops" 1), \"peak_share\": $(field "$share" 1), \"peak_rss_mb\": $(field "$rss" 1)}"
    if [ -n "$settings" ]; then
        peer=$(number "$room/peer" images_per_s | summary) peer_rss=$(number "$room/peer" peak_rss_mb | summary)
        number "$room/ours" images_per_s >"$room/a" && number "$room/peer" images_per_s >"$room/b"
        ratio=$(paste "$room/a" "$room/b" | awk '{print $1 / $2}' | summary)
        printf '%-10s %8.1f images/s (%.1f to %.1f), %.0f MB   torch %s %s\n' pytorch $peer "$(field "$peer_rss" 1)" \
            "$(word "$room/best" torch)" "$settings"
        printf '%-10s %8.2f (%.2f to %.2f)\n' ratio $ratio
        printf '| | | PyTorch %s, %s | %.1f (%.1f to %.1f) | | | %.0f |\n' "$(word "$room/best" torch)" \
            "$(word "$room/best" mode)" $peer "$(field "$peer_rss" 1)" >>"$room/md"
        printf '| | | ratio | **%.2f** (%.2f to %.2f) | | | |\n' $ratio >>"$room/md"
        cell="$cell, \"pytorch\": {\"version\": \"$(word "$room/best" torch)\", \"settings\": \"$settings\", \"images_per_s\": $(field "$peer" 1), \"lowest\": $(field "$peer" 2), \"highest\": $(field "$peer" 3), \"peak_rss_mb\": $(field "$peer_rss" 1)}, \"ratio\": {\"median\": $(field "$ratio" 1), \"lowest\": $(field "$ratio" 2), \"highest\": $(field "$ratio" 3)}"
    fi
    cells="$cells${cells:+,
  }$cell}"
done

{
    printf '{"machine": [%s],\n "cells": [\n  %s\n]}\n' "$(machine_json)" "$cells"
} >"$room/pairs.json"
{ machine_markdown && cat "$room/md"; } >"$room/pairs.md"
mv "$room/pairs.json" "$room/pairs.md" "$out/"
printf '\n%s/pairs.json, %s/pairs.md\n' "$out" "$out"
