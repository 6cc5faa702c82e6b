#!/bin/sh
# A recipe is refused with its file, line, the nearest known key and what is allowed; nothing is made.
. "$(dirname "$0")/lib.sh"
begin "$1"
write_recipe tiny.yaml
pictures photos 4 16 16
refused() { refuses 2 "$1" "$lacuna" pretrain "$2" --data photos --out run --steps 2 --quiet; }
with() { # FILE SED-EXPRESSION
    sed "$2" tiny.yaml >"$1"
    ! cmp -s tiny.yaml "$1" || fail "sed changed nothing: $2"
}

with misspelt.yaml 's/weight_decay/wieght/; s/lr: 1e-2/lr: 1e-2, weight_decey: 0.1/'
refused "misspelt.yaml:10: .*weight_decey.*nearest: .*weight_decay" misspelt.yaml
with section.yaml 's/^target:/targit:/'
refused "section.yaml:8: .*targit.*nearest: .*target" section.yaml
with name.yaml 's/name: random/name: rondom/'
refused "name.yaml:4: .*rondom.*nearest: .*random" name.yaml
with type.yaml 's/depth: 2/depth: two/'
refused "type.yaml:6: .*depth.*found .two" type.yaml
with range.yaml 's/ratio: 0.75/ratio: -1/'
refused "range.yaml:4: .*ratio.*found .-1" range.yaml
with missing.yaml 's/lr: 1e-2//'
refused "missing.yaml.*lr.*missing" missing.yaml
with twice.yaml 's/lr: 1e-2/lr: 1e-2, lr: 2e-2/'
refused "twice.yaml:10" twice.yaml
with heads.yaml 's/width: 16, depth: 2, heads: 2/width: 16, depth: 2, heads: 3/'
refused "heads" heads.yaml
printf 'name: [unclosed\n' >syntax.yaml
refused "syntax.yaml:" syntax.yaml
printf '%s\n' '- a list' >list.yaml
refused "list.yaml:1: .*expected a map" list.yaml
refused "mae-tiny-23.*nearest: mae-tiny-32" mae-tiny-23
refused "qqqq.*shipped: " qqqq
mkdir folder.yaml
run_it "$lacuna" pretrain folder.yaml --data photos --out run --steps 2 --quiet
[ "$status" -ne 0 ] && one_line "folder.yaml" pretrain folder.yaml

set_refused() { refuses 2 "$1" "$lacuna" pretrain tiny.yaml --data photos --out run --steps 2 --quiet --set "$2"; }
set_refused "optim.lrr.*nearest: .*lr" optim.lrr=1
set_refused "optim.lr.*expected" optim.lr=fast
set_refused "expected KEY=VALUE" optim.lr
set_refused "optim.lr" optim.lr=
set_refused "objective" objective.7.weight=1

refuses 2 "at most one of --steps, --epochs and --budget" "$lacuna" pretrain tiny.yaml --data photos --out run \
    --steps 2 --budget 10m --quiet
refuses 2 "--budget: expected a time such as" "$lacuna" pretrain tiny.yaml --data photos --out run --budget soon
refuses 2 "--data SOURCE and --out RUN" "$lacuna" pretrain tiny.yaml --out run
