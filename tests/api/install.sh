#!/bin/sh
# What `make install` puts down is enough for others: the example builds against the installed tree by pkg-config and by
# find_package, and the installed program runs.   install.sh BUILD EXAMPLE.c COMPILER CFLAGS
set -eu
build=$1 example=$2 compiler=$3 flags=${4:-}
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cmake --install "$build" --prefix "$room/prefix" >"$room/log" || { cat "$room/log"; exit 1; }
"$room/prefix/bin/lacuna" --version | grep -q '^lacuna [0-9]'

pc=$(find "$room/prefix" -name lacuna.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
# The prefix is what the tree was configured for; here it lies elsewhere.
options=$(pkg-config --define-variable=prefix="$room/prefix" --cflags --libs lacuna)
# shellcheck disable=SC2086
"$compiler" -std=c17 -Wall -Wextra -Werror $flags "$example" -o "$room/by_pkgconfig" $options
libdir=$(dirname "$(dirname "$pc")")
status=0
LD_LIBRARY_PATH=$libdir "$room/by_pkgconfig" >/dev/null 2>"$room/err" || status=$?
[ "$status" -eq 2 ] && grep -q '^usage:' "$room/err" || { echo "by pkg-config: status $status"; cat "$room/err"; exit 1; }

mkdir "$room/user"
cat >"$room/user/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(Lacuna 0.1 REQUIRED)
add_executable(user "$example")
target_link_libraries(user PRIVATE Lacuna::lacuna)
END
cmake -S "$room/user" -B "$room/user/build" -DCMAKE_C_COMPILER="$compiler" -DCMAKE_C_FLAGS="$flags" \
    -DCMAKE_PREFIX_PATH="$room/prefix" >"$room/log" 2>&1 && cmake --build "$room/user/build" >>"$room/log" 2>&1 ||
    { cat "$room/log"; exit 1; }
status=0
"$room/user/build/user" >/dev/null 2>"$room/err" || status=$?
[ "$status" -eq 2 ] && grep -q '^usage:' "$room/err" || { echo "by find_package: status $status"; cat "$room/err"; exit 1; }
