#!/bin/sh
# A fault in a table stops the build: the program that compiles the atlas names it, fails, and leaves no file.
#   build.sh ATLAS_COMPILE ROOT
set -eu
compile=$1 root=$2
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
fail() {
    echo "FAILED: $*"
    cat "$room/err"
    exit 1
}

"$compile" "$root/atlas" "$root/recipes" "$room/good.sqlite" 2>"$room/err" || fail "the shipped tables do not compile"
"$compile" "$root/atlas" "$root/recipes" "$room/again.sqlite"
cmp "$room/good.sqlite" "$room/again.sqlite" || fail "two builds differ"

cp -r "$root/atlas" "$room/tables"
awk -F '\t' -v OFS='\t' 'NR == 12 {$12 = "guess"} {print}' "$root/atlas/results.tsv" >"$room/tables/results.tsv"
status=0
"$compile" "$room/tables" "$root/recipes" "$room/bad.sqlite" 2>"$room/err" || status=$?
[ "$status" -eq 1 ] || fail "status $status, expected 1"
grep -q "^$room/tables/results.tsv:12:12: status: unknown word 'guess'" "$room/err" || fail "the fault is not named"
[ ! -e "$room/bad.sqlite" ] || fail "a database of bad tables was written"
[ "$(ls "$room")" = "again.sqlite
err
good.sqlite
tables" ] || fail "something else was left: $(ls "$room")"

status=0
"$compile" "$room/nowhere" 2>"$room/err" || status=$?
[ "$status" -eq 1 ] || fail "status $status for a folder that is not there, expected 1"
status=0
"$compile" "$root/atlas" "$root/recipes" "$room/no/such/folder.sqlite" 2>"$room/err" || status=$?
[ "$status" -eq 1 ] || fail "status $status for an output that cannot be, expected 1"
