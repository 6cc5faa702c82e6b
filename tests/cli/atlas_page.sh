# `lacuna atlas page`: one file, where it was asked for, said so; refusals leave everything as it was. What is in the file:
# tests/atlas/page_test.c; what it does in a browser: atlas_page_browser.sh.
. "$(dirname "$0")/lib.sh"
begin "$1"
XDG_DATA_HOME=$room/data
export XDG_DATA_HOME

succeeds "$lacuna" atlas page --out pages/atlas
has "$room.out" '^pages/atlas/index\.html  [0-9]+ KiB$'
[ "$(find pages -type f | wc -l)" -eq 1 ] || fail "more than one file"
[ "$(wc -c <pages/atlas/index.html)" -lt 1500000 ] || fail "1.5 MB or more"
has pages/atlas/index.html '^<!doctype html>$'

succeeds "$lacuna" atlas page --out pages/atlas --json
has "$room.out" '"path": "pages/atlas/index\.html"'
has "$room.out" "\"bytes\": $(wc -c <pages/atlas/index.html)"
cp pages/atlas/index.html first.html
succeeds "$lacuna" atlas page --out pages/atlas --threads 1
cmp first.html pages/atlas/index.html || fail "the page depends on the number of threads"

refuses 2 'out' "$lacuna" atlas page
refuses 2 'word|argument|positional|expected' "$lacuna" atlas page pages
mkdir mine
echo '<title>Home</title>' >mine/index.html
refuses 2 'mine/index\.html' "$lacuna" atlas page --out mine
refuses 1 'none\.json' "$lacuna" atlas page --out pages/other --measured none.json
echo '{"rows": [{"paper": "MAE"}]}' >measured.json
refuses 2 'measured\.json: row 1: benchmark' "$lacuna" atlas page --out pages/other --measured measured.json
echo '{"rows": [{"paper": "MAE", "benchmark": "imagenet1k-knn", "metric": "top-1", "value": 31.25}]}' >measured.json
succeeds "$lacuna" atlas page --out pages/other --measured measured.json
has pages/other/index.html '"measured":\{"rows":\[\{"paper":"MAE"'
touch file
refuses 1 'file' "$lacuna" atlas page --out file/below
