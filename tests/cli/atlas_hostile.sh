#!/bin/sh
# Papers and words that want out: of the terminal, of SQL, of JSON, CSV and BibTeX, of the page. And `lacuna atlas add`,
# `remove` and `suggest` as people use them.
tables=$(cd "$(dirname "$0")/../../atlas" && pwd)
. "$(dirname "$0")/lib.sh"
begin "$1"
unset COLUMNS
HOME=$room
XDG_DATA_HOME=$room/data
export HOME XDG_DATA_HOME
layer=data/lacuna/atlas/papers.tsv
tab=$(printf '\t')

equal() { # WHAT FOUND EXPECTED
    [ "$2" = "$3" ] || fail "$1: found '$2', expected '$3'"
}

# No byte that steers a terminal: no C0 but newline and (in files) tab, no DEL, no C1 (which UTF-8 begins with C2), no U+202E.
tame() { # FILE...
    for file in "$@"; do
        equal "steering bytes in $file" "$(tr -d '\12\11\40-\176\200-\377' <"$file" | wc -c | tr -d ' ')" 0
        ! grep -q "$(printf '\302[\200-\237]')" "$file" || fail "$file has a C1 control character"
        ! grep -q "$(printf '\342\200\256')" "$file" || fail "$file has a right-to-left override"
    done
}

# ---- help ----
for verb in add remove suggest; do
    succeeds "$lacuna" atlas "$verb" --help
    has "$room.out" "^Usage: lacuna atlas $verb"
    has "$room.out" '^Examples:$'
    has "$room.out" "^  lacuna atlas $verb"
    awk 'length > 132 {print; bad = 1} END {exit bad}' "$room.out" || fail "atlas $verb --help: too long a line"
done
refuses 2 'too few arguments' "$lacuna" atlas add
refuses 2 'too few arguments' "$lacuna" atlas remove
refuses 1 'no.bib: cannot open' "$lacuna" atlas add no.bib
refuses 1 'no.bib: cannot open' "$lacuna" atlas suggest no.bib
refuses 2 "you have no paper 'x'" "$lacuna" atlas remove x
refuses 2 "'mae-2022' is a shipped paper" "$lacuna" atlas remove mae-2022

# ---- as meant ----
cat >new.bib <<'END'
@article{smith2025, title = {PointMaskX: attention-guided masking for point cloud transformers}, year = 2025,
  journal = {arXiv preprint arXiv:2501.01234}, abstract = {Points that a momentum teacher attends to are masked, and the student
  reconstructs coordinates under a Chamfer loss; object classification and part segmentation improve.}}
@inproceedings{He2022, title = {Masked autoencoders are scalable vision learners}, year = 2022}
END
refuses 2 "confidence: expected" "$lacuna" atlas add new.bib --confidence 1.5
refuses 2 "masking: unknown word 'blok'; nearest: 'block'" "$lacuna" atlas add new.bib --set masking=blok --dry-run
refuses 2 "no entry 'he2022'; did you mean 'He2022'" "$lacuna" atlas add new.bib --key he2022
succeeds "$lacuna" atlas suggest --csv
equal 'facets with an accuracy' "$(tail -n +2 "$room.out" | wc -l | tr -d ' ')" 8
awk -F, 'NR > 1 && $4 <= $6 {print; bad = 1} END {exit bad}' "$room.out" ||
    fail 'a classifier is no better than naming the commonest word'
succeeds "$lacuna" atlas suggest new.bib --json --key smith2025
has "$room.out" '"guess": "point-cloud"'
has "$room.out" '"confidence": 0\.'
has "$room.out" '"paper": "Point-MAE"'
succeeds "$lacuna" atlas add new.bib --dry-run
has "$room.out" '^1 would be added, 1 skipped: '
[ ! -e data ] || fail 'a dry run made a folder'
succeeds "$lacuna" atlas add new.bib --set 'masking=block;random'
has "$room.out" '^skipped  He2022     mae-2022  .*shipped, same title'
has "$room.out" 'modality +point-cloud +guess +0\.[0-9]+ +0\.[0-9]+ +0\.88 +0\.58$'
has "$room.out" '^1 added, 1 skipped: '
cp "$layer" before.tsv
succeeds "$lacuna" atlas add new.bib --json
has "$room.out" '"added": 0'
has "$room.out" '"reason": "yours already, same arXiv id"'
cmp before.tsv "$layer" || fail 'adding what is there changed the file'
succeeds "$lacuna" atlas show PointMaskX
has "$room.out" 'basis +user, facets suggested'
succeeds "$lacuna" atlas list --masking block --modality point-cloud --csv
has "$room.out" 'PointMaskX'
if command -v flock >/dev/null; then
    run_it flock "$layer.lock" "$lacuna" atlas remove PointMaskX
    equal 'status with the lock held' "$status" 1
    one_line 'papers.tsv.lock: in use by another process' remove
    cmp before.tsv "$layer" || fail 'a second writer wrote'
fi
succeeds "$lacuna" atlas remove PointMaskX
has "$room.out" '^removed pointmaskx-2025: PointMaskX: attention'
[ ! -e "$layer" ] || fail 'the last paper left its file behind'

# ---- places that are none ----
(
    unset HOME XDG_DATA_HOME
    refuses 1 'expected an absolute path in HOME or XDG_DATA_HOME, found none' "$lacuna" atlas add new.bib
    refuses 1 'expected an absolute path in HOME' "$lacuna" atlas remove x
    succeeds "$lacuna" atlas search masking
    XDG_DATA_HOME=relative
    export XDG_DATA_HOME
    refuses 1 'expected an absolute path in HOME' "$lacuna" atlas add new.bib
) || exit 1
(
    XDG_DATA_HOME=/dev/null
    refuses 1 'cannot make the folder' "$lacuna" atlas add new.bib
    succeeds "$lacuna" atlas search masking
) || exit 1

# ---- titles that want out ----
cat >hostile.bib <<'END'
@misc{h1, title = {Robert'); DROP TABLE papers; --}, abstract = {zebrafish}}
@misc{h2, title = "{"} OR {"}1{"}={"}1", abstract = {zebrafish}, url = {https://x.example/"onmouseover=alert(1)}}
@misc{h3, title = {<script>alert(1)</script><img src=x onerror=alert(2)>}, abstract = {zebrafish </script><script>alert(3)</script>}}
@misc{h4, title = {NEAR(a b) AND NOT OR * {"}}, abstract = {zebrafish <!-- ]]> }, url = {javascript:alert(4)}}
@misc{h5, title = {=HYPERLINK(1),{"},;{"}}, abstract = {zebrafish}, journal = {</style><b>}}
@misc{h6, title = {right-to-left RLO override}, abstract = {zebrafish PSEP separator}}
@misc{h7, title = {\textbackslash\{\textbackslash\} \% \# $ \$ \& ~ \^{} {\_} a\_b \textless}, abstract = {zebrafish}}
@misc{h8, title = {%s%n%x ${HOME} $(touch pwned) `touch pwned`}, abstract = {zebrafish ''' quoted}}
@misc{h-9_<>&', title = {A key that wants out: of what}, abstract = {zebrafish}}
END
sed "s/RLO/$(printf '\342\200\256')/;s/PSEP/$(printf '\342\200\251')/" hostile.bib >sharp.bib
succeeds "$lacuna" atlas export --format json --out clean.json
succeeds "$lacuna" atlas page --out clean
succeeds "$lacuna" atlas suggest sharp.bib
tame "$room.out"
succeeds "$lacuna" atlas add sharp.bib
has "$room.out" '^9 added, 0 skipped: '
tame "$room.out" "$layer"
[ ! -e pwned ] || fail 'a title was run'

succeeds "$lacuna" atlas sql "SELECT count(*) AS n FROM papers" --csv
equal 'papers' "$(tail -n 1 "$room.out")" 203
succeeds "$lacuna" atlas search zebrafish --csv
equal 'hostile papers found' "$(tail -n +2 "$room.out" | wc -l | tr -d ' ')" 9
for verb in 'search zebrafish' 'list' 'show h1' 'show h3' 'show h6' 'show h8' 'tree' 'cluster' "sql SELECT(title)FROM[papers]"; do
    for form in '' --json --csv; do
        [ "$verb$form" != 'cluster--csv' ] || continue
        # shellcheck disable=SC2086
        succeeds "$lacuna" atlas $verb $form
        tame "$room.out" "$room.err"
    done
done

# CSV: the quotes doubled, one line a paper.
succeeds "$lacuna" atlas export --format csv --table papers
equal 'lines of CSV' "$(wc -l <"$room.out" | tr -d ' ')" 204
has "$room.out" '"""\ OR ""1""=""1"|""" OR ""1""=""1"'
tame "$room.out"

# JSON: as many quotes that are not escaped as without the papers, plus theirs: a paper has 18 keys and its texts.
succeeds "$lacuna" atlas export --format json --out all.json
tame all.json
has all.json '"title": "\\" OR \\"1\\"=\\"1"'
equal 'papers in JSON' "$(grep -c '"title": "' all.json)" "$(($(grep -c '"title": "' clean.json) + 9))"

# BibTeX: read back it gives the same papers, all of them known, by title if by nothing else.
succeeds "$lacuna" atlas export --format bibtex --out all.bib
tame all.bib
succeeds "$lacuna" atlas add all.bib --dry-run --no-guess
has "$room.out" '^0 would be added, 203 skipped: '
succeeds "$lacuna" atlas cluster --bib all.bib --json

# The page: no tag, no script and no address of theirs.
succeeds "$lacuna" atlas page --out page
tame page/index.html
for tag in '<script' '</script' '<img' '<style' '</style' '<!--' 'javascript:'; do
    equal "$tag in the page" "$(grep -oi -- "$tag" page/index.html | wc -l | tr -d ' ')" \
        "$(grep -oi -- "$tag" clean/index.html | wc -l | tr -d ' ')"
done
has page/index.html 'DROP TABLE papers'

for key in h1 h2 h3 h4 h5 h6 h7 h8; do succeeds "$lacuna" atlas remove $key; done
succeeds "$lacuna" atlas sql 'SELECT short FROM papers JOIN layers ON paper = short' --csv
succeeds "$lacuna" atlas remove "$(tail -n 1 "$room.out")"

# ---- files that want in ----
escape=$(printf '\033')
printf '@misc{k, title = {\033]0;owned\007\033[2J}}\n' >esc.bib
refuses 1 'esc.bib:1: expected text, found the control character U\+001B' "$lacuna" atlas add esc.bib
printf '@misc{k,\n title = {M\374ller}}\n' >latin.bib
refuses 1 'latin.bib:2: expected UTF-8, found the byte 0xFC' "$lacuna" atlas add latin.bib
printf '@misc{k, title = {a\0b}}\n' >nul.bib
refuses 1 'nul.bib:1: expected text, found the control character U\+0000' "$lacuna" atlas add nul.bib
printf '@misc{k, title = {open\n\n' >open.bib
refuses 1 "open.bib:1: expected '}' to end a value that begins here" "$lacuna" atlas suggest open.bib
refuses 1 'cannot|a folder' "$lacuna" atlas add "$room"
name="red$escape[31m.bib"
cp open.bib "$name"
run_it "$lacuna" atlas add "$name"
equal 'status for a file with an escape in its name' "$status" 1
tame "$room.err"
rm "$name"

mkdir -p "$(dirname "$layer")"
head -n 1 "$tables/papers.tsv" >"$layer"
printf 'x\tX\tt \033[31m\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tuser\n' >>"$layer"
for verb in 'search masking' 'show MAE' list 'page --out p' 'add new.bib' 'remove x'; do
    # shellcheck disable=SC2086
    refuses_in_run 1 'papers.tsv:2:3: title: expected text, found a control character|papers.tsv:2:3: expected text' \
        "$lacuna" atlas $verb
    tame "$room.err"
done
rm -r data

# ---- words that want out ----
for words in "x'); DROP TABLE papers; --" '"' '""" OR 1' 'NEAR(' 'title: *' '<script>' '%s%n' "$escape[31mred" \
    "$(printf 'a\302\233b')" "$(printf '\377\376')" "$(printf '\342\200\256')"; do
    run_it "$lacuna" atlas search "$words"
    [ "$status" -le 2 ] || fail "status $status for the words $words"
    tame "$room.out" "$room.err"
    run_it "$lacuna" atlas search "$words" --json
    [ "$status" -le 2 ] || fail "status $status for the words $words"
    tame "$room.out" "$room.err"
    run_it "$lacuna" atlas show "$words"
    tame "$room.out" "$room.err"
    run_it "$lacuna" atlas remove "$words"
    equal "status of removing $words" "$status" 2
    tame "$room.out" "$room.err"
    run_it "$lacuna" atlas add new.bib --set "$words"
    equal "status of setting $words" "$status" 2
    tame "$room.err"
    run_it "$lacuna" atlas add new.bib --key "$words"
    equal "status of the key $words" "$status" 2
    tame "$room.err"
done
rm -rf data

# ---- ten megabytes ----
awk 'BEGIN {
    for (i = 0; i < 60; i++) line = line "masked patches of zebrafish stripes, "
    for (k = 0; k < 4000; k++) printf "@misc{k%d, title = {Paper number %d of many}, abstract = {%s}}\n", k, k, line
}' | head -c 10000000 | sed '$d' >large.bib
[ "$(wc -c <large.bib)" -gt 8000000 ] || fail 'the large file is small'
succeeds "$lacuna" atlas add large.bib --no-guess --quiet
has "$room.out" '^[34][0-9]+ added, 0 skipped: '
succeeds "$lacuna" atlas search 'number 77 zebrafish'
has "$room.out" 'Paper number 77 of many'
rm -r data
{ cat large.bib; awk 'BEGIN {for (i = 0; i < 30000; i++) printf "a comment of some hundred bytes, so that the file is larger than it may be by then; no entry at all\n"}'; } >larger.bib
refuses 1 'larger.bib: [0-9]+ bytes, expected at most 10485760' "$lacuna" atlas add larger.bib
awk 'BEGIN {for (k = 0; k < 5000; k++) printf "@misc{k%d, title = {Paper %d}}\n", k, k}' >many.bib
refuses 2 '5000 entries, expected at most 4096 at once' "$lacuna" atlas suggest many.bib
rm -f large.bib larger.bib many.bib

# ---- a taxonomy that goes in circles ----
cp -r "$tables" circle
awk -F "$tab" -v OFS="$tab" '$1 == "masking-random" {$2 = "masking-random-block"} {print}' circle/taxonomy.tsv >circle/t
mv circle/t circle/taxonomy.tsv
run_it "$lacuna" atlas check circle
equal 'status of a cycle' "$status" 1
cat "$room.out" "$room.err" >"$room/said"
has "$room/said" 'circle/taxonomy.tsv:[0-9]+:2: parent: the parents of this node lead back to it'
no_temporaries
