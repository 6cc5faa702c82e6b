#!/bin/sh
# Sources that hold what they should not: one clear line when nothing is left, the rest of a folder still usable.
. "$(dirname "$0")/lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
begin "$1"
write_recipe tiny.yaml
train="$lacuna pretrain tiny.yaml --out run --steps 2 --quiet --data"

# A source of nothing readable is refused by every command that reads one, and no run folder appears.
mkdir empty zero broken huge_jpeg huge_png huge_bmp
: >zero/nothing.jpg
head -c 400 "$here/pictures/photo.jpg" >broken/cut.jpg
cp "$here/pictures/huge.jpg" huge_jpeg/
cp "$here/pictures/huge.png" huge_png/
{ # a bitmap header that claims 60000 x 60000
    # shellcheck disable=SC2059
    printf "BM$(octal 54 0 0 0 0 0 0 0 54 0 0 0 40 0 0 0 96 234 0 0 96 234 0 0 1 0 24 0)"
    head -c 24 /dev/zero
} >huge_bmp/huge.bmp
mkdir text && echo 'not a picture' >text/notes.txt
refuses 1 "nowhere.*No such file" $train nowhere
refuses 1 "nowhere.*No such file" "$lacuna" data nowhere
refuses 1 "empty.*no pictures" $train empty
refuses 1 "empty.*no pictures" "$lacuna" data empty
refuses 1 "text.*no pictures" $train text
refuses 1 "nothing.jpg" $train zero/nothing.jpg
refuses 1 "cut.jpg" $train broken/cut.jpg
for folder in zero broken huge_jpeg huge_png huge_bmp; do
    name=$(ls $folder)
    refuses 1 "$folder.*no readable picture" $train $folder
    # `data` describes a folder whatever is in it, and names what is broken.
    run_it "$lacuna" data $folder --quiet
    cat "$room.out" "$room.err" >"$room.before"
    grep -q "$name" "$room.before" || fail "data does not name $folder/$name"
    [ "$status" -le 1 ] || fail "data $folder: status $status"
done
grep -q 60000 "$room.before" || fail "data does not say what size $name claims"

# Nine good pictures beside four broken ones: training goes on, names each broken one once, and takes others instead.
pictures mixed 9 20 18
cp zero/nothing.jpg broken/cut.jpg huge_png/huge.png mixed/
cp huge_jpeg/huge.jpg mixed/a_huge.jpg
succeeds "$lacuna" pretrain tiny.yaml --data mixed --out mixed_run --steps 6 --json
for name in nothing.jpg cut.jpg huge.png a_huge.jpg; do
    [ "$(grep -c "mixed/$name" "$room.err")" -eq 1 ] || fail "$name is not named exactly once"
done
has "$room.out" '"broken_pictures": 4'
succeeds "$lacuna" embed mixed_run mixed --out features.npy --quiet
succeeds cat features.npy
has "$room.out" "'shape': \\(9, 16\\)"

# Pictures and patches that do not fit each other.
one() { refuses "$@" --data mixed --out run --steps 2 --quiet; }
one 2 "18.*4|patch" "$lacuna" pretrain tiny.yaml --set 'picture.size=[18, 16]'
one 2 "patch" "$lacuna" pretrain tiny.yaml --set picture.size=2
one 2 "visible" "$lacuna" pretrain tiny.yaml --set mask.ratio=0.99
one 2 "ratio" "$lacuna" pretrain tiny.yaml --set mask.ratio=1.5
# A picture smaller than a patch is enlarged to the recipe's size, like any other.
pictures small 4 3 2
succeeds "$lacuna" pretrain tiny.yaml --data small --out small_run --steps 2 --quiet

# Array files: cut short, of another kind, lying about their size.
# shellcheck disable=SC2059
printf "$(octal 0 0 8 3 0 0 0 9 0 0 0 4 0 0 0 4)" >cut-images-idx3-ubyte
refuses 1 "cut-images.*truncated" $train idx:cut-images-idx3-ubyte
# shellcheck disable=SC2059
printf "$(octal 0 0 8 3 255 255 255 255 255 255 255 255 255 255 255 255)" >huge-images-idx3-ubyte
refuses 1 "huge-images" $train idx:huge-images-idx3-ubyte
refuses 1 "tiny.yaml.*IDX" $train idx:tiny.yaml
refuses 1 "absent" $train idx:absent
refuses 1 "absent" $train cifar10:absent
refuses 2 "fashion-mnist:tset" $train fashion-mnist:tset
