#!/bin/sh
# The example of the README pretrains and embeds: one row of numbers a picture, the same again from the finished run,
# and one clear line with the right status on bad input.   example.sh PROGRAM TESTS_CLI
set -eu
program=$1
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
. "$2/lib.sh"
pictures "$room/photos" 9 16 16
write_recipe "$room/tiny.yaml"

"$program" "$room/tiny.yaml" "$room/photos" "$room/run" 3 >"$room/first" 2>"$room/err" || { cat "$room/err"; exit 1; }
awk 'NF != 16 {print "row " NR " has " NF " numbers, expected 16"; bad = 1}
     {for (i = 1; i <= NF; i++) if ($i != $i + 0 && $i !~ /e/) {print "not a number: " $i; bad = 1}}
     END {if (NR != 9) {print NR " rows, expected 9"; bad = 1}; exit bad}' "$room/first"
"$program" "$room/tiny.yaml" "$room/photos" "$room/run" 3 >"$room/second" 2>/dev/null
cmp "$room/first" "$room/second" || { echo "a finished run gave other features"; exit 1; }
[ "$(sort -u "$room/first" | wc -l)" -gt 1 ] || { echo "all pictures have the same features"; exit 1; }

status=0
"$program" "$room/tiny.yaml" "$room/nowhere" "$room/run2" 3 >/dev/null 2>"$room/err" || status=$?
[ "$status" -eq 1 ] && grep -q nowhere "$room/err" || { echo "missing source: status $status"; cat "$room/err"; exit 1; }
