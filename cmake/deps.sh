#!/bin/sh
# Installs the Debian packages of cmake/debian-packages.txt that are missing, and any named as arguments. Needs no
# network, and says nothing, when all are there. On other systems it lists what to install and goes on.
set -eu
list="$(dirname "$0")/debian-packages.txt"

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "deps: not a Debian system; what is needed is listed in $list"
    exit 0
fi

missing=
for package in $(cat "$list") "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: run this as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "deps: installing$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
