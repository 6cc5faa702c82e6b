#!/bin/sh
# Checks the arrows of docs/architecture.md: a file of src/LAYER may include only its own layer and what the table below
# allows, include/lacuna.h is included by the api layer and examples alone, and no header is included by a relative path.
#   check.sh ROOT
set -eu
root=$1
cd "$root"

# shellcheck disable=SC2046
awk '
    BEGIN {
        # layer: everything below it. Slots stand beside each other and do not see one another.
        below["base"] = " "
        below["backend"] = below["cluster"] = " base "
        below["chart"] = " cluster base "
        below["atlas"] = " cluster base "
        below["graph"] = " backend base "
        below["io"] = " graph backend base "
        below["data"] = " io graph backend base "
        slot = " data io graph backend base "
        below["mask"] = below["model"] = below["target"] = below["objective"] = slot
        below["method"] = " mask model target objective" slot
        below["train"] = " method mask model target objective" slot
        below["eval"] = " train method mask model target objective" slot
        below["api"] = " eval train method mask model target objective" slot
        below["analyze"] = " eval train method mask model target objective chart cluster" slot
        below["report"] = below["analyze"]
        below["compare"] = " analyze report" below["analyze"]
        below["cli"] = " compare analyze report atlas" below["analyze"]
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        layer = part[2]
        files++
        if (!(layer in below)) report("unknown layer " layer)
    }
    function report(text) {
        printf "%s:%d: %s\n", FILENAME, FNR, text
        bad++
    }
    /^[ \t]*#[ \t]*include[ \t]*"/ {
        split($0, quoted, "\"")
        name = quoted[2]
        includes++
        if (name ~ /\.\./) report("relative include " name)
        else if (name == "lacuna.h") {
            if (layer != "api") report("include of the public header outside src/api")
        } else if (name !~ /\//) report("include without its layer: " name)
        else {
            split(name, to, "/")
            if (to[1] != layer && index(below[layer], " " to[1] " ") == 0)
                report("layer " layer " may not include " name)
        }
    }
    END {
        if (files < 10 || includes < 10) { print "only " files " files and " includes " includes seen"; exit 1 }
        printf "%d files, %d includes, %d wrong\n", files, includes, bad
        exit bad > 0
    }' $(find src -name '*.[ch]' | sort)
