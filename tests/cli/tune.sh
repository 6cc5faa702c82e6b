#!/bin/sh
# lacuna eval finetune and attentive: tables with their controls over seeds, the same for any number of threads, JSON, the page, and
# what is refused.
. "$(dirname "$0")/lib.sh"
begin "$1"
small_run
labelled more 9 20 18

succeeds "$lacuna" eval finetune run --data photos --test more --epochs 3 --seeds 2 --quiet --threads 1
has "$room.out" "^model  run/checkpoints/step-00000010.safetensors .step 10., all of it trained on the patch tokens' mean"
has "$room.out" '^train  photos: 12 pictures, 2 classes'
has "$room.out" '^test   more: 18 pictures'
has "$room.out" '^fine-tuning, all labels, 2 seeds +values +accuracy % +deviation'
has "$room.out" '^fine-tuned +16 +[0-9.]+ +[0-9.]+'
has "$room.out" '^from scratch +16 +[0-9.]+ +[0-9.]+'
cp "$room.out" one
succeeds "$lacuna" eval finetune run --data photos --test more --epochs 3 --seeds 2 --quiet --threads 3 --loaders 2
cmp one "$room.out" || fail "fine-tuning depends on the number of threads"
succeeds "$lacuna" eval finetune run --data photos --test more --epochs 3 --seeds 2 --quiet --labels 4 --pool cls --mixup 0 --cutmix 0 \
    --smoothing 0 --erasing 0 --lr 1e-2 --layer-decay 0.9 --drop-path 0 --batch 4 --weight-decay 0 --json
for said in '"protocol": "finetune"' '"pool": "cls"' '"epochs": 3' '"batch": 4' '"lr": 0.01' '"layer_decay": 0.9' '"mixup": 0,' '"labels": 4' \
    '"seeds": 2' '"count": 8' '"features": "fine-tuned", "values": 16' '"features": "from scratch"'; do
    has "$room.out" "$said"
done

succeeds "$lacuna" eval attentive run --data photos --test more --epochs 3 --seeds 2 --quiet --out run/eval.json
has "$room.out" 'a learned query over the patch tokens of the frozen encoder'
has "$room.out" '^attentive probe, all labels, 2 seeds '
has "$room.out" '^trained +16 '
has "$room.out" '^untrained +16 '
has run/eval.json '"protocol": "attentive"'
succeeds "$lacuna" report run --quiet --pictures 0
has run/report.html "<h3>Attentive probe, all labels</h3>"

refuses 2 "'finetuning': expected knn, linear, all, finetune or attentive" "$lacuna" eval finetuning run --data photos
refuses 2 "--mixup: is of eval finetune and attentive, not of knn" "$lacuna" eval knn run --data photos --mixup 1
refuses 2 "--layer: finetune and attentive train on the encoder's end" "$lacuna" eval finetune run --data photos --layer 1
refuses 2 "--layer-decay: expected a number above 0, at most 1" "$lacuna" eval finetune run --data photos --layer-decay 1.5
refuses 2 "--drop-path: expected a number below 1" "$lacuna" eval finetune run --data photos --drop-path 1
refuses 2 "--smoothing: expected a number below 1" "$lacuna" eval finetune run --data photos --smoothing 1
refuses 2 "--erasing: expected at most 1" "$lacuna" eval finetune run --data photos --erasing 2
refuses 2 "--lr: expected" "$lacuna" eval finetune run --data photos --lr 0
refuses 2 "--layer-decay, --drop-path and --pool are of finetune" "$lacuna" eval attentive run --data photos --pool cls
refuses 2 "fewer|labels" "$lacuna" eval finetune run --data photos --labels 50
mkdir plain && cp photos/even/p000.bmp photos/even/p001.bmp plain/
refuses 2 "plain has no labels to measure with" "$lacuna" eval attentive run --data plain
refuses 1 "the (loss|gradient's norm) is not finite" "$lacuna" eval finetune run --data photos --lr 1e30 --epochs 9 --quiet
