#!/bin/sh
# `lacuna atlas`: every verb, its facts counted apart from the program with awk, its refusals, its forms, its widths.
tables=$(cd "$(dirname "$0")/../../atlas" && pwd)
. "$(dirname "$0")/lib.sh"
begin "$1"
unset COLUMNS XDG_DATA_HOME
HOME=$room
export HOME
tab=$(printf '\t')
escape=$(printf '\033')

column() { # TABLE COLUMN: its number
    awk -F '\t' -v name="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) print i}' "$tables/$1.tsv"
}
lines() { # rows of the last output, without its header
    tail -n +2 "$room.out" | wc -l
}
equal() { # WHAT FOUND EXPECTED
    [ "$2" = "$3" ] || fail "$1: found '$2', expected '$3'"
}

# ---- help ----
verbs='search show list tree forms results datasets gaps timeline sql export check'
succeeds "$lacuna" atlas --help
for verb in $verbs; do has "$room.out" "^  $verb +[a-z]"; done
for verb in $verbs; do
    succeeds "$lacuna" atlas "$verb" --help
    has "$room.out" "^Usage: lacuna atlas $verb"
    has "$room.out" '^Examples:$'
    has "$room.out" "^  lacuna atlas $verb"
    awk 'length > 132 {print; bad = 1} END {exit bad}' "$room.out" || fail "atlas $verb --help: too long a line"
    cp "$room.out" "$room/help"
    succeeds "$lacuna" help atlas "$verb"
    cmp -s "$room/help" "$room.out" || fail "help atlas $verb and atlas $verb --help differ"
    rm "$room/help"
    refuses 2 "unknown option --nonsense" "$lacuna" atlas "$verb" --nonsense
done
refuses 2 "unknown verb 'serch'; did you mean 'search'\?" "$lacuna" atlas serch
refuses 2 "unknown verb 'serch'" "$lacuna" help atlas serch
refuses 2 "too few arguments" "$lacuna" atlas
refuses 2 "the verb comes first" "$lacuna" atlas --json search x
refuses 2 "expected one of them" "$lacuna" atlas list --json --csv

# ---- list, against awk ----
# papers whose column NAME holds WORD among its values
with_word() { # NAME WORD
    awk -F '\t' -v c="$(column papers "$1")" -v w="$2" 'NR > 1 && index(";" $c ";", ";" w ";") {n++} END {print n + 0}' \
        "$tables/papers.tsv"
}
for pair in modality:video masking:attention-guided target:hog objective:infonce architecture:swin family:hybrid; do
    option=${pair%%:*} word=${pair#*:}
    succeeds "$lacuna" atlas list "--$option" "$word" --csv
    equal "list --$option $word" "$(lines)" "$(with_word "$option" "$word")"
done
succeeds "$lacuna" atlas list --task segmentation --csv
equal "list --task segmentation" "$(lines)" "$(with_word tasks segmentation)"
succeeds "$lacuna" atlas list --csv
equal "all papers" "$(lines)" 194
equal "the header" "$(head -n 1 "$room.out" | cut -d, -f1-3)" "paper,year,venue"
year=$(column papers year)
for range in 2023:2023:2023 2024..:2024:9999 ..2021:0:2021 2021..2022:2021:2022; do
    succeeds "$lacuna" atlas list --year "${range%%:*}" --csv
    bounds=${range#*:}
    equal "list --year ${range%%:*}" "$(lines)" "$(awk -F '\t' -v c="$year" -v low="${bounds%:*}" -v high="${bounds#*:}" \
        'NR > 1 && $c >= low && $c <= high {n++} END {print n + 0}' "$tables/papers.tsv")"
done
# each of the survey's twenty categories, and their sum
sum=0
awk -F '\t' '$4 == "category" {print $3 "\t" $5}' "$tables/taxonomy.tsv" >categories
equal "categories" "$(wc -l <categories)" 20
while IFS=$tab read -r name count; do
    succeeds "$lacuna" atlas list --category "$name" --csv
    equal "category $name" "$(lines)" "$count"
    sum=$((sum + count))
done <categories
equal "papers in all categories" "$sum" 180
rm categories
# dimensions: of the category, or of the section where only the survey's text names the paper
awk -F '\t' 'FNR == 1 {next}
    FILENAME ~ /taxonomy/ {if ($4 == "category") {dims[$3] = $7; at[$6] = $7}; next}
    {d = dims[$9]; if ($9 ~ /^\(body only\)/) {split($9, part, " "); d = at[part[3]]}
     if (index(";" d ";", ";masking;")) n++} END {print n}' "$tables/taxonomy.tsv" "$tables/papers.tsv" >count
succeeds "$lacuna" atlas list --dim masking --csv
equal "list --dim masking" "$(lines)" "$(cat count)"
rm count
# several conditions; several words
awk -F '\t' 'NR > 1 && $10 == "hybrid" && index(";" $11 ";", ";video;") && $4 >= 2023 {print $2}' "$tables/papers.tsv" |
    sort >expected
succeeds "$lacuna" atlas list --family hybrid --modality video --year 2023.. --json
sed -n 's/^    "paper": "\(.*\)",$/\1/p' "$room.out" | sort >found
cmp found expected || fail "hybrid video papers since 2023: found $(cat found), expected $(cat expected)"
[ -s expected ] || fail "nothing to compare"
rm expected found
succeeds "$lacuna" atlas list --target hog,frequency --csv
equal "hog or frequency" "$(lines)" "$(awk -F '\t' 'NR > 1 && (";" $13 ";") ~ /;(hog|frequency);/ {n++} END {print n}' \
    "$tables/papers.tsv")"
succeeds "$lacuna" atlas list --masking random --masking block --csv
equal "random and block" "$(lines)" "$(awk -F '\t' 'NR > 1 && (";" $12 ";") ~ /;random;/ && (";" $12 ";") ~ /;block;/ {n++}
    END {print n}' "$tables/papers.tsv")"
succeeds "$lacuna" atlas list --masking 'Attention guided' --quiet
refuses 2 "--masking: unknown 'atention'; nearest: 'attention-guided'" "$lacuna" atlas list --masking atention
refuses 2 "--modality: unknown 'vidoe'; nearest: 'video'" "$lacuna" atlas list --modality vidoe
refuses 2 "--task: unknown 'qqq'; known: action-recognition," "$lacuna" atlas list --task qqq
refuses 2 "--year: expected a year" "$lacuna" atlas list --year 23
refuses 2 "--year: expected a year" "$lacuna" atlas list --year ..
refuses 2 "--venue: unknown 'CVRP'; nearest: 'CVPR'" "$lacuna" atlas list --venue CVRP
refuses 2 "unknown '[?]\[31m'" "$lacuna" atlas list --family "$escape[31m"

# ---- search ----
succeeds "$lacuna" atlas search SimMIM
has "$room.out" "^SimMIM +2022 CVPR"
succeeds "$lacuna" atlas search masking attention --limit 3 --csv
equal "search --limit 3" "$(lines)" 3
succeeds "$lacuna" atlas search masked autoencoders --json
has "$room.out" '"score": [0-9]'
succeeds "$lacuna" atlas search zzzz qqqq
has "$room.err" "no paper has any of the words"
succeeds "$lacuna" atlas search masking zzzz
has "$room.err" "no paper has all of the words"
for words in 'NEAR(' '"masked' "masked'); DROP TABLE papers; --" 'title: masked' 'masked AND NOT *' '<script>masked'; do
    succeeds "$lacuna" atlas search masked "$words"
done
succeeds "$lacuna" atlas search "masked $escape[31m $(printf '\302\233')x $(printf '\377')"
! grep -q "$escape" "$room.out" || fail "an escape from the words reached the output"
refuses 2 "expected words to search for" "$lacuna" atlas search '***' '()'

# twenty searches, each a new process, take less than 20 ms of processor time each
spent() { # seconds of this shell's children so far
    times | awk 'NR == 2 {split($1, u, /[ms]/); split($2, s, /[ms]/); print 60 * (u[1] + s[1]) + u[2] + s[2]}'
}
if [ "${LACUNA_SANITIZED:-OFF}" = OFF ]; then
    spent >before
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$lacuna" atlas search masked attention >/dev/null; done
    spent >after
    awk -v a="$(cat before)" -v b="$(cat after)" 'BEGIN {exit b - a > 20 * 0.020}' ||
        fail "twenty searches took from $(cat before) s to $(cat after) s, expected at most 0.4 s"
    rm before after
fi

# ---- results ----
benchmark_rows() { # BENCHMARK PATTERN_OF_BACKBONE
    awk -F '\t' -v b="$1" -v p="$2" 'NR > 1 && $3 == b && $4 ~ p {print $9}' "$tables/results.tsv"
}
succeeds "$lacuna" atlas results imagenet1k-finetune --csv
equal "figures" "$(lines)" "$(benchmark_rows imagenet1k-finetune . | wc -l)"
succeeds "$lacuna" atlas results imagenet1k-finetune --backbone vit-b --csv
equal "figures of ViT-B" "$(lines)" "$(benchmark_rows imagenet1k-finetune '(^|[^A-Za-z])ViT-B([^A-Za-z]|$)' | wc -l)"
best=$(benchmark_rows imagenet1k-finetune '(^|[^A-Za-z])ViT-B([^A-Za-z]|$)' | sort -rn | head -n 1)
equal "the best of ViT-B" "$(sed -n 2p "$room.out" | cut -d, -f2)" "$best"
tail -n +2 "$room.out" | cut -d, -f2 >found
sort -rn found | cmp - found || fail "figures are not in order"
rm found
succeeds "$lacuna" atlas results imagenet256-fid --csv
equal "the best FID is the lowest" "$(sed -n 2p "$room.out" | cut -d, -f2)" \
    "$(benchmark_rows imagenet256-fid . | sort -n | head -n 1)"
# every figure from memory says so, in each form; nothing else does
memory=$(awk -F '\t' 'NR > 1 && $12 == "memory" {n++} END {print n}' "$tables/results.tsv")
equal "rows from memory" "$memory" 23
found_table=0 found_csv=0 found_json=0
for benchmark in $(awk -F '\t' 'NR > 1 {print $3}' "$tables/results.tsv" | sort -u); do
    succeeds "$lacuna" atlas results "$benchmark"
    found_table=$((found_table + $(grep -c ' unchecked  ' "$room.out" || true)))
    succeeds "$lacuna" atlas results "$benchmark" --csv
    found_csv=$((found_csv + $(grep -c ',unchecked,' "$room.out" || true)))
    succeeds "$lacuna" atlas results "$benchmark" --json
    found_json=$((found_json + $(grep -c '"checked": "unchecked"' "$room.out" || true)))
done
equal "marked in tables" "$found_table" "$memory"
equal "marked in CSV" "$found_csv" "$memory"
equal "marked in JSON" "$found_json" "$memory"
succeeds "$lacuna" atlas results imagenet1k-finetune --backbone vit-b
has "$room.out" " unchecked: from memory, no source was seen"
has "$room.out" '^  \[1\] https://'
succeeds "$lacuna" atlas results
equal "benchmarks" "$(lines)" "$(awk -F '\t' 'NR > 1 {print $3}' "$tables/results.tsv" | sort -u | wc -l)"
succeeds "$lacuna" atlas results coco --paper mae --csv
equal "MAE on COCO" "$(lines)" "$(awk -F '\t' 'NR > 1 && $2 == "MAE" && $3 ~ /^coco-/ {n++} END {print n}' "$tables/results.tsv")"
refuses 2 "BENCHMARK: unknown 'imagenet1k-finetun'; nearest: 'imagenet1k-finetune'" "$lacuna" atlas results imagenet1k-finetun
refuses 2 "--backbone: unknown 'vitx'; nearest: 'ViT-B'" "$lacuna" atlas results imagenet1k-finetune --backbone vitx

# ---- show ----
succeeds "$lacuna" atlas show MAE
has "$room.out" "Masked autoencoders are scalable vision learners"
has "$room.out" "category +Masking Strategy, section 3.1, 31 papers"
has "$room.out" "lacuna pretrain mae-vit-b16 "
has "$room.out" "^Nearest papers"
succeeds "$lacuna" atlas show 2111.06377 --json
has "$room.out" '"recipe": "mae-vit-b16"'
equal "results of MAE" "$(grep -c '"benchmark"' "$room.out")" \
    "$(awk -F '\t' 'NR > 1 && $2 == "MAE" {n++} END {print n}' "$tables/results.tsv")"
succeeds "$lacuna" atlas show SimMIM --near 7 --csv
equal "nearest" "$(grep -c '^nearest,[0-9]*,paper,' "$room.out")" 7
has "$room.out" '^paper,1,arxiv,2111.09886$'
succeeds "$lacuna" atlas show MCVD
has "$room.out" "no shipped recipe runs it"
succeeds "$lacuna" atlas show BEiT v2
has "$room.out" "outside the survey's list"
refuses 2 "any of 2 papers: DMAE \(distillation\), DMAE \(denoising\)" "$lacuna" atlas show DMAE
refuses 2 "nearest: 'SimMIM'" "$lacuna" atlas show SimMIN
# every recipe that a paper is said to have is one that pretrain knows
succeeds "$lacuna" atlas sql "SELECT recipe FROM recipes" --csv
tail -n +2 "$room.out" >recipes
while read -r recipe; do succeeds "$lacuna" methods "$recipe"; done <recipes
[ -s recipes ] || fail "no recipes"
rm recipes

# ---- the other tables ----
succeeds "$lacuna" atlas tree --csv
equal "nodes" "$(lines)" 98
succeeds "$lacuna" atlas tree
has "$room.out" '^Masking strategy +[0-9]+ '
has "$room.out" '^├─ Masking Strategy +31 '
succeeds "$lacuna" atlas tree "Random masking" --csv
equal "below random masking" "$(lines)" "$(awk -F '\t' '$1 == "masking-random" || $2 == "masking-random" {n++} END {print n}' \
    "$tables/taxonomy.tsv")"
refuses 2 "NODE: unknown 'maskng'; nearest: 'masking'" "$lacuna" atlas tree maskng
for table in forms:27 datasets:46 gaps:8 timeline:18; do
    succeeds "$lacuna" atlas "${table%:*}" --csv
    equal "${table%:*}" "$(lines)" "${table#*:}"
    equal "${table%:*}" "$(lines)" "$(($(wc -l <"$tables/${table%:*}.tsv") - 1))"
    succeeds "$lacuna" atlas "${table%:*}"
    succeeds "$lacuna" atlas "${table%:*}" --json
done
equal "data sets from memory" "$("$lacuna" atlas datasets --csv | grep -c ',unchecked,')" \
    "$(awk -F '\t' '$14 == "memory" {n++} END {print n}' "$tables/datasets.tsv")"

# ---- sql ----
succeeds "$lacuna" atlas sql "SELECT count(*) AS n FROM papers" --csv
equal "papers" "$(cat "$room.out")" "n
194"
for statement in "DELETE FROM papers" "DROP TABLE papers" "ATTACH 'x.db' AS x" "PRAGMA user_version = 2" "CREATE TABLE t(x)" \
    "SELECT load_extension('x')" "VACUUM INTO 'x.db'"; do
    refuses 2 "(only reading is allowed|not authorized|expected a SELECT)" "$lacuna" atlas sql "$statement"
done
refuses 2 "one statement" "$lacuna" atlas sql "SELECT 1; DELETE FROM papers"
refuses 2 "no such column: nonsense" "$lacuna" atlas sql "SELECT nonsense FROM papers"
refuses 1 "its time was over" "$lacuna" atlas sql --time 0.2s \
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
succeeds "$lacuna" atlas sql "SELECT value FROM results LIMIT 1"
has "$room.err" "figures of status 'memory' are unchecked"
succeeds "$lacuna" atlas sql "SELECT 'a' || char(27, 155, 8238) || '[31m' AS x"
! grep -q "$escape" "$room.out" || fail "an escape reached the output"

# ---- export ----
for table in papers results taxonomy datasets; do
    succeeds "$lacuna" atlas export --format csv --table "$table"
    equal "export $table" "$(lines)" "$(($(wc -l <"$tables/$table.tsv") - 1))"
    equal "columns of $table" "$(head -n 1 "$room.out")" "$(head -n 1 "$tables/$table.tsv" | tr '\t' ,)"
done
succeeds "$lacuna" atlas export --format csv --out csv
equal "methods_outside.csv" "$(wc -l <csv/methods_outside.csv)" "$(wc -l <"$tables/methods-outside.tsv")"
succeeds "$lacuna" atlas export --format bibtex
equal "entries" "$(grep -c '^@' "$room.out")" 194
has "$room.out" '^  eprint = \{2111.06377\}'
succeeds "$lacuna" atlas export --format sqlite --out atlas.sqlite
equal "an SQLite file" "$(head -c 15 atlas.sqlite)" "SQLite format 3"
if command -v sqlite3 >/dev/null; then
    equal "found in the file" "$(sqlite3 atlas.sqlite "SELECT count(*) > 100 FROM papers_search WHERE papers_search MATCH 'masked'")" 1
fi
succeeds "$lacuna" atlas export --format json
if command -v jq >/dev/null; then equal "papers" "$(jq '.papers | length' "$room.out")" 194; fi
refuses 2 "--format: expected csv, json, bibtex or sqlite, found 'xml'" "$lacuna" atlas export --format xml
refuses 2 "--format: .* found nothing" "$lacuna" atlas export
refuses 2 "needs --out" "$lacuna" atlas export --format sqlite
refuses 2 "unknown table 'paper'; nearest: papers" "$lacuna" atlas export --format csv --table paper
refuses 1 "no/such" "$lacuna" atlas export --format sqlite --out no/such/atlas.sqlite
rm -r csv atlas.sqlite

# ---- check ----
succeeds "$lacuna" atlas check "$tables"
mkdir mine
cp "$tables"/*.tsv mine
awk -F '\t' -v OFS='\t' 'NR == 3 {$12 = "randon"} {print}' "$tables/papers.tsv" >mine/papers.tsv
refuses 1 "mine/papers.tsv:3:12: masking: unknown word 'randon'; nearest: 'random'" "$lacuna" atlas check mine
run_it "$lacuna" atlas check mine --json
has "$room.out" '"line": 3,'
refuses 1 "nowhere" "$lacuna" atlas check nowhere
mv mine "mine$escape[31m"
run_it "$lacuna" atlas check "mine$escape[31m"
! grep -q "$escape" "$room.out" "$room.err" || fail "an escape from a folder's name reached the output"
mv "mine$escape[31m" mine
rm -r mine

# ---- widths ----
for width in 40 60 80 132; do
    for words in 'list --masking random' 'results imagenet1k-finetune' tree datasets forms gaps timeline \
        'search masking' 'sql SELECT*FROM"papers"'; do
        # shellcheck disable=SC2086
        succeeds env COLUMNS=$width "$lacuna" atlas $words
        # characters, not bytes: awk counts either, so continuation bytes go first
        sed '/^Sources$/,$d' "$room.out" | tr -d '\200-\277' | awk -v w=$width '/unchecked: from memory/ {next}
            length($0) > w {print; bad = 1} END {exit bad}' || fail "atlas $words: a line wider than $width"
    done
done
if command -v script >/dev/null; then
    TERM=xterm script -qec "$lacuna atlas search masking --limit 2" /dev/null >"$room.out" 2>"$room.err" </dev/null || true
    grep -q "$escape\[1m" "$room.out" || fail "nothing in bold on a terminal"
    TERM=xterm NO_COLOR=1 script -qec "$lacuna atlas search masking --limit 2" /dev/null >"$room.out" 2>"$room.err" </dev/null || true
    ! grep -q "$escape" "$room.out" || fail "colour in spite of NO_COLOR"
fi

# ---- where nothing is but the program ----
mkdir home
chmod 555 home
for verb in 'search masking' 'show MAE' 'list --year 2024..' tree 'results ssv2' 'sql SELECT\ 1'; do
    (cd / && eval "env -i '$lacuna' atlas $verb") >"$room.out" 2>"$room.err" || fail "in an empty environment: $verb"
    (cd home && eval "env -i HOME='$room/home' XDG_DATA_HOME='$room/home' '$lacuna' atlas $verb") >"$room.out" \
        2>"$room.err" || fail "with a home that cannot be written: $verb"
    [ ! -s "$room.err" ] || [ "${verb%% *}" = list ] || fail "it complains: $verb"
done
equal "the home is as it was" "$(ls -A home)" ""
chmod 755 home
rmdir home
if command -v unshare >/dev/null && unshare -rm true 2>/dev/null; then # the whole file system read-only
    unshare -rm sh -c "mount -o remount,ro,bind / 2>/dev/null; cd / && exec env -i '$lacuna' atlas search masking" \
        >"$room.out" 2>"$room.err" || fail "on a read-only file system"
    has "$room.out" "mask"
fi
if [ -c /dev/full ]; then
    status=0
    "$lacuna" atlas list >/dev/full 2>"$room.err" || status=$?
    equal "status after writing to a full device" "$status" 1
fi
