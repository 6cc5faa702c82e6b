#!/bin/sh
# liblacuna.so exports exactly what include/lacuna.h declares.   exports.sh LIBRARY HEADER
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
nm -D --defined-only "$1" | awk '$2 ~ /[TDBRVWi]/ {sub(/@.*/, "", $3); print $3}' | sort -u >"$room/exported"
tr '\n' ' ' <"$2" | grep -o 'LAC_API [^;({]*(' | grep -v '__attribute__' | sed 's/ *($//; s/.*[ *]//' | sort -u >"$room/declared"
# The sanitizers' own symbols come from the compiler, not from us.
grep -vE '^(__asan|__ubsan|__tsan|__odr_asan|__start_|__stop_)' "$room/exported" >"$room/ours" || true
[ -s "$room/declared" ] || { echo "no LAC_API declaration found in $2"; exit 1; }
diff "$room/declared" "$room/ours" || { echo "< declared in $2 only; > exported only"; exit 1; }
