# bench/lib.sh - what the benchmarks' scripts share; to be sourced. Expects $lacuna and $room (a folder of their own).
# shellcheck shell=sh disable=SC2034,SC2154

python="${LACUNA_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/lacuna/peers}/bin/python"

# Machine, kernel, versions and load: on the screen and in $room/machine
describe_machine() {
    {
        "$lacuna" --version | sed -n '1p;3p'
        sed -n 's/^model name[^:]*: /processor      /p' /proc/cpuinfo | head -1
        echo "kernel         $(uname -sr)"
        echo "load           $(cut -d' ' -f1 /proc/loadavg) (other work on this machine spoils the numbers)"
    } | tee "$room/machine"
}

machine_json() { sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&"/' "$room/machine" | paste -s -d, -; }
machine_markdown() { sed 's/^/    /' "$room/machine" && echo; }

number() { # FILE KEY: every value of that key, one a line
    sed -n 's/.*"'"$2"'": *\([-0-9.e+]*\).*/\1/p' "$1"
}
word() { sed -n 's/.*"'"$2"'": *"\([^"]*\)".*/\1/p' "$1"; }
# "median lowest highest" of the numbers on stdin
summary() {
    sort -g | awk '{x[NR] = $1} END {
        if (NR) print NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2, x[1], x[NR]
        else print "null null null" }'
}
field() { echo "$1" | cut -d' ' -f"$2"; }
