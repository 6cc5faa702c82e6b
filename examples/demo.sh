#!/bin/sh
# What `make demo` shows: pretrain on 60,000 real pictures, measure the features beside two controls, look at what the
# network imagines.   demo.sh LACUNA quick|full
# The same command again goes on where it was interrupted, and on a finished run only measures and draws again.
set -eu
lacuna=$1
case ${2:-full} in
quick) run=runs/demo-quick budget=25s measured="fashion-mnist:test --train-limit 3000" ;;
*) run=runs/demo budget=8m measured="fashion-mnist --train-limit 20000" ;; # more labels change little and take minutes
esac
say() { printf '\n== %s\n' "$*"; }

say "Pretraining the recipe 'demo' on Fashion-MNIST (60,000 pictures, labels unused) for $budget, into $run"
"$lacuna" pretrain demo --data fashion-mnist --out "$run" --budget "$budget"

say "What are its features worth? Beside them: the same network untrained, and raw pixels"
# shellcheck disable=SC2086
"$lacuna" eval all "$run" --data $measured --labels 10 --seeds 5

say "What does it imagine? Original | masked | prediction | prediction pasted into what was visible"
"$lacuna" reconstruct "$run" fashion-mnist:test --count 8 --out "$run/reconstructions.png"

cat <<END

Look at      $run/reconstructions.png
The run      $run/ (recipe.yaml, log.jsonl, checkpoints/)

Next, a folder of your own pictures (JPEG, PNG, WebP, TIFF, BMP; a folder a class makes them labelled):
  $lacuna data FOLDER --stats --sheet sheet.png
  $lacuna pretrain mae-tiny-32 --data FOLDER --out runs/mine --budget 30m
  $lacuna reconstruct runs/mine FOLDER/some.jpg --out grid.png
  $lacuna embed runs/mine FOLDER --out features.npy
  $lacuna eval knn runs/mine --data FOLDER      where first-level folders are classes
$lacuna --help lists all commands, $lacuna COMMAND --help explains one.
END
