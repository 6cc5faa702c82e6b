#!/bin/sh
# The files of a page: every fenced block whose first line names a path, "```c src/mask/colour.c", becomes OUT/PATH. A path that is in the
# tree already is a table: the block's lines go into a copy of it - before the last #endif of a header, else under the line that
# opens the table `slots[]`.   extract.sh PAGE ROOT OUT
set -eu
page=$1 root=$2 out=$3
rm -rf "$out"
mkdir -p "$out/blocks"
awk -v out="$out/blocks" '
    /^```[a-z]+ [^ ]+$/ && !inside { inside = 1; path = $2; gsub("/", "%", path); file = out "/" path; printf "" > file; next }
    /^```/ && inside { inside = 0; close(file); next }
    inside { print > file }' "$page"
found=0
for block in "$out"/blocks/*; do
    [ -f "$block" ] || { echo "$page: no block names a path"; exit 1; }
    path=$(basename "$block" | tr '%' '/')
    mkdir -p "$out/$(dirname "$path")"
    found=$((found + 1))
    case $path in
    *.h) table=endif ;;
    *) table=slots ;;
    esac
    if [ ! -f "$root/$path" ]; then
        cp "$block" "$out/$path"
    elif [ $table = endif ]; then
        sed '$d' "$root/$path" >"$out/$path" # its last line is #endif
        cat "$block" >>"$out/$path"
        tail -n 1 "$root/$path" >>"$out/$path"
    else
        grep -q 'slots\[\] = {' "$root/$path" || { echo "$root/$path: no line opens slots[]"; exit 1; }
        awk -v block="$block" '{ print } /slots\[\] = {/ { while ((getline line < block) > 0) print line }' "$root/$path" >"$out/$path"
    fi
done
rm -r "$out/blocks"
echo "$found files from $page"
