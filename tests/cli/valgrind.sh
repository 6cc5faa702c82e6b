#!/bin/sh
# A small run, its features and a figure under valgrind: no invalid access, nothing lost.   valgrind.sh LACUNA
. "$(dirname "$0")/lib.sh"
begin "$1"
command -v valgrind >/dev/null || skip "no valgrind"
write_recipe tiny.yaml
labelled photos 4 20 18
watch() {
    succeeds valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "$lacuna" "$@" --quiet --threads 2
}
watch pretrain tiny.yaml --data photos --out run --steps 6 --loaders 2
watch embed run photos --out features.npy
watch reconstruct run photos/odd/q000.bmp --out grid.png
watch eval knn run --data photos --k 1
echo "valgrind: nothing found"
