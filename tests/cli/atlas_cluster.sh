#!/bin/sh
# `lacuna atlas cluster`: the shipped papers and a reader's own, every form of output, every refusal. That the numbers are
# scikit-learn's and scipy's is tests/atlas/tfidf_test.c; here, that the options reach them.
reference=$(cd "$(dirname "$0")/../reference/cluster" && pwd)
. "$(dirname "$0")/lib.sh"
begin "$1"
unset COLUMNS XDG_DATA_HOME
HOME=$room
export HOME

has() { # FILE PATTERN
    grep -qE -- "$2" "$1" || fail "no line like '$2' in $1"
}
has_not() { # FILE PATTERN
    ! grep -qE -- "$2" "$1" || fail "a line like '$2' in $1"
}

# ---- what is asked and what is found is said ----
succeeds "$lacuna" atlas cluster
has "$room.out" '^the atlas: 194 documents, [0-9]+ terms \(1-2-grams, sublinear counts, terms of 2 documents or more'
has "$room.out" 'cut into 16'
has "$room.out" '^ +2 +13 +point, 3d, points'
has "$room.out" '^Audio +7 +[0-9]+ +5 +0\.83'
has "$room.out" 'category names Theoretical Analysis'
has "$room.out" 'the categories, 180 documents: adjusted Rand index 0\.'
has "$room.out" 'cophenetic correlation 0\.3'
succeeds "$lacuna" atlas cluster --csv
[ "$(wc -l <"$room.out")" -eq 195 ] || fail "expected a header and 194 rows"
has "$room.out" '^id,name,cluster,title$'

# ---- the options reach the numbers: terms and the last merge as in the reference ----
expected() { # CASE KIND FIELD: of the last such line
    awk -F '\t' -v name="$1" -v kind="$2" -v f="$3" \
        '$1 == "corpus" {inside = $2 == name} inside && $1 == kind {value = $f} END {print value}' "$reference/shipped.txt"
}
agrees() { # CASE
    awk -v terms="$(expected "$1" terms 2)" -v height="$(expected "$1" merge 4)" -v r="$(expected "$1" cophenetic 2)" '
        /^  "terms": / {found_terms = $2 + 0}
        /^    \[[0-9]+, [0-9]+, [-0-9.e]+, [0-9]+\]/ {split($0, a, ", "); found_height = a[3]}
        /^  "cophenetic": / {found_r = $2}
        function far(a, b) {return a - b > 1e-9 || b - a > 1e-9}
        END {if (found_terms != terms || far(found_height, height) || far(found_r, r)) {
            print found_terms, found_height, found_r " and not " terms, height, r; exit 1}}' "$room.out" || fail "case $1"
}
succeeds "$lacuna" atlas cluster --json
agrees trial
succeeds "$lacuna" atlas cluster --json --stop-words none
agrees plain
succeeds "$lacuna" atlas cluster --json --stop-words english --cut 3
agrees english
has "$room.out" '"cut": 3'
printf 'the\nof\n' >stop.txt
succeeds "$lacuna" atlas cluster --json --stop-words stop.txt
has "$room.out" '"stop_words": 2'
succeeds "$lacuna" atlas cluster --json --ngrams 1-2 --sublinear --min-df 2 --stop-words english --threads 1
agrees trial
succeeds "$lacuna" atlas cluster --height 1.5 --ngrams 2
has "$room.out" '2-grams, plain counts, no stop words, cut at height 1\.5'

succeeds "$lacuna" atlas cluster --shortest-word 3
has "$room.out" 'words of 3 characters or more, plain counts'

# ---- files ----
succeeds "$lacuna" atlas cluster --out tree.svg --quiet
has tree.svg '^<svg xmlns'
has tree.svg 'prefers-color-scheme: dark'
succeeds "$lacuna" atlas cluster --out tree.nwk --quiet
[ "$(tr -cd ';' <tree.nwk | wc -c)" -eq 1 ] || fail "a Newick tree ends once"
succeeds "$lacuna" atlas cluster --out tree.json --json
cmp -s tree.json "$room.out" || fail "--out FILE.json and --json differ"
rm -f tree.*

# ---- documents of one's own ----
printf 'id\ttitle\ttext\na\tcats and dogs\tpets\nb\tdogs and cats\tpets\nc\tthe moon\tsky\nd\tthe sun\tsky\n' >my.tsv
succeeds "$lacuna" atlas cluster --tsv my.tsv --stop-words english --cut 2
has "$room.out" '^my.tsv: 4 documents, 6 terms'
has_not "$room.out" 'survey'
succeeds "$lacuna" atlas cluster --tsv my.tsv --stop-words english --cut 2 --csv
has "$room.out" '^a,a,[12],cats and dogs$'
printf '@article{x, title={Masked images}, abstract={Cats}}\n@misc{y, title={Masked video}}\n' >my.bib
succeeds "$lacuna" atlas cluster --bib my.bib --min-df 1
has "$room.out" '^my.bib: 2 documents, 4 terms'

# ---- hostile documents ----
printf 'id\ttitle\ttext\n\033[31mred\t</text><script>\tmask\n"; x\t\302\233m\tmask image\n' >bad.tsv
succeeds "$lacuna" atlas cluster --tsv bad.tsv --stop-words none --out bad.svg
has_not "$room.out" "$(printf '\033')"
has_not bad.svg '<script'
has_not bad.svg "$(printf '\033')"
rm bad.tsv bad.svg

# ---- refusals ----
refuses 2 'not both|one of them' "$lacuna" atlas cluster --cut 3 --height 1
refuses 2 'one of them' "$lacuna" atlas cluster --tsv my.tsv --bib my.bib
refuses 2 'one of them' "$lacuna" atlas cluster --json --csv
refuses 2 'cut' "$lacuna" atlas cluster --cut 0
refuses 2 'height' "$lacuna" atlas cluster --height -1
refuses 2 'FILE.svg' "$lacuna" atlas cluster --out tree.png
for n in 0 2-1 1- -1 1-2-3 x 99 1-99; do refuses 2 'n-?grams' "$lacuna" atlas cluster --ngrams=$n; done
refuses 2 'shortest' "$lacuna" atlas cluster --shortest-word 0
refuses 2 'shortest' "$lacuna" atlas cluster --shortest-word 99999999999
refuses 2 'min-df' "$lacuna" atlas cluster --min-df 0
refuses 2 'no term is left' "$lacuna" atlas cluster --min-df 195
refuses 1 'absent' "$lacuna" atlas cluster --stop-words absent
refuses 1 'absent' "$lacuna" atlas cluster --tsv absent
printf 'id\ttitle\ttext\na\tb\n' >short.tsv
refuses 1 'short.tsv:2:2: expected 3 columns, found 2' "$lacuna" atlas cluster --tsv short.tsv
printf 'id\ttitle\ttext\na\tb\tc\na\tb\tc\n' >twice.tsv
refuses 1 'twice.tsv:3:1: expected an id of its own' "$lacuna" atlas cluster --tsv twice.tsv
refuses 1 'nowhere' "$lacuna" atlas cluster --out nowhere/tree.svg
