#!/bin/sh
# Makes a virtual environment with the peers that Lacuna is compared with (PyTorch from PyPI), outside the tree.
#   bench/setup-peers.sh [FOLDER]      default: $LACUNA_PEERS, else ~/.cache/lacuna/peers
set -eu
folder=${1:-${LACUNA_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/lacuna/peers}}
if [ ! -x "$folder/bin/python" ]; then
    mkdir -p "$(dirname "$folder")"
    python3 -m venv "$folder" || { echo "setup-peers: needs python3-venv (apt-get install python3-venv)" >&2; exit 1; }
fi
# torch.compile needs a C++ compiler and Python's headers on CPUs.
[ -e "$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] ||
    echo "setup-peers: no Python.h: torch.compile will be left out (apt-get install python3-dev)" >&2
"$folder/bin/pip" install --quiet --upgrade torch numpy pillow safetensors # the last three for peer_embed.py
"$folder/bin/python" -c 'import torch; print("torch", torch.__version__)'
echo "peers are in $folder"
