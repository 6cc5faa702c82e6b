#!/bin/sh
# Lacuna and PyTorch in turn (A B A B ...) on the same machine, whole training steps: medians, ratio, peak memory.
#   bench/pairs.sh LACUNA [RECIPE:BATCH ...]
# Environment: LACUNA_PEERS (folder of setup-peers.sh), PAIRS (5), SECONDS_EACH (20), THREADS (2).
# PyTorch's settings are looked for first and then stay; eager and torch.compile compete, the faster one is compared.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lacuna=$1
shift
[ $# -gt 0 ] || set -- mae-tiny-32:128 mae-vit-b16:8
python="${LACUNA_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/lacuna/peers}/bin/python"
pairs=${PAIRS:-5} seconds=${SECONDS_EACH:-20} threads=${THREADS:-2}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

[ -x "$python" ] || echo "bench: no PyTorch at $python (bench/setup-peers.sh makes it): Lacuna alone"
"$lacuna" --version | sed -n '1p;3p'
sed -n 's/^model name[^:]*: /processor      /p' /proc/cpuinfo | head -1
load=$(cut -d' ' -f1 /proc/loadavg)
echo "load           $load (other work on this machine spoils the numbers)"

number() { # FILE KEY: every value of that key, one a line
    sed -n 's/.*"'"$2"'": *\([-0-9.e+]*\).*/\1/p' "$1"
}
median() {
    sort -g | awk '{x[NR] = $1} END {print NR ? (NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2) : "nan"}'
}
word() { sed -n 's/.*"'"$2"'": *"\([^"]*\)".*/\1/p' "$1"; }

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
    a=$(number "$room/ours" images_per_s | median)
    printf '%-10s %10s %14s\n' "" images/s "peak RSS, MB"
    printf '%-10s %10.1f %14.0f   share of FMA peak %s\n' lacuna "$a" "$(number "$room/ours" peak_rss_mb | median)" \
        "$(number "$room/ours" peak_share | median)"
    if [ -n "$settings" ]; then
        b=$(number "$room/peer" images_per_s | median)
        printf '%-10s %10.1f %14.0f   torch %s %s\n' pytorch "$b" "$(number "$room/peer" peak_rss_mb | median)" \
            "$(word "$room/best" torch)" "$settings"
        awk -v a="$a" -v b="$b" 'BEGIN {printf "ratio      %10.2f\n", a / b}'
    fi
done
