# tests/cli/lib.sh - what the tests of the program share; sourced, never run.
#
#   . "$(dirname "$0")/lib.sh"; begin "$1"     in $room, an empty folder removed at the end, with $lacuna the program
#   succeeds COMMAND...                        status 0, stdout in $room.out, stderr in $room.err
#   refuses STATUS PATTERN COMMAND...          that status, exactly one line on stderr, which matches; the folder as before
#   skip REASON                                SKIPPED, counted as such
#
# A failed check ends the test with what was expected and what was found.

LC_ALL=C
export LC_ALL
unset NO_COLOR LACUNA_ISA

begin() {
    lacuna=$1
    [ -x "$lacuna" ] || { echo "no program at $lacuna"; exit 1; }
    room=$(mktemp -d)
    trap 'rm -rf "$room" "$room.out" "$room.err" "$room.before" "$room.after"' EXIT
    trap 'exit 1' INT TERM HUP
    cd "$room"
}

fail() {
    echo "FAILED: $*"
    echo "--- stdout" && head -c 2000 "$room.out" 2>/dev/null
    echo "--- stderr" && head -c 2000 "$room.err" 2>/dev/null
    exit 1
}

skip() {
    echo "SKIPPED: $*"
    exit 77
}

run_it() {
    status=0
    "$@" >"$room.out" 2>"$room.err" </dev/null || status=$?
}

succeeds() {
    run_it "$@"
    [ "$status" -eq 0 ] || fail "status $status, expected 0: $*"
}

# Names, sizes and contents of everything in a folder, so that nothing can be half written or lost unnoticed.
inventory() {
    find . -type d | sort
    find . -type f -exec cksum {} + | sort -k3
}

# One line that says what is wrong: no more, no less.
one_line() { # PATTERN WORDS...
    pattern=$1
    shift
    lines=$(wc -l <"$room.err")
    [ "$lines" -eq 1 ] || fail "$lines lines on stderr, expected 1: $*"
    grep -qE "^lacuna( [a-z]+){0,2}: " "$room.err" || fail "the line does not begin with the command: $*"
    grep -qiE -- "$pattern" "$room.err" || fail "the line does not match '$pattern': $*"
}

refuses() { # STATUS PATTERN COMMAND...
    expected=$1 wanted=$2
    shift 2
    inventory >"$room.before"
    run_it "$@"
    [ "$status" -eq "$expected" ] || fail "status $status, expected $expected: $*"
    one_line "$wanted" "$@"
    inventory >"$room.after"
    diff "$room.before" "$room.after" || fail "it left something behind, or changed it: $*"
}

# The same for commands that may make or touch their RUN folder before they find out: nothing temporary may stay.
refuses_in_run() { # STATUS PATTERN COMMAND...
    expected=$1 wanted=$2
    shift 2
    run_it "$@"
    [ "$status" -eq "$expected" ] || fail "status $status, expected $expected: $*"
    one_line "$wanted" "$@"
    no_temporaries
}

no_temporaries() {
    left=$(find . -name '*.tmp*' -o -name '*.part' -o -name '.*.tmp*')
    [ -z "$left" ] || fail "temporary files left: $left"
}

has() { # FILE PATTERN
    grep -qE -- "$2" "$1" || fail "$1 does not match '$2'"
}

# ---- things to work on ----

octal() { # NUMBERS...: bytes as printf escapes
    for byte in "$@"; do printf '\\%03o' "$byte"; done
}

# A 24-bit BMP of smooth colours that differ from picture to picture.   picture FILE NUMBER WIDTH HEIGHT
picture() {
    {
        # shellcheck disable=SC2059
        printf "$(awk -v k="$2" -v w="$3" -v h="$4" '
            function u8(v) { printf "\\%03o", v }
            function u32(v) { u8(v % 256); u8(int(v / 256) % 256); u8(int(v / 65536) % 256); u8(int(v / 16777216)) }
            function u16(v) { u8(v % 256); u8(int(v / 256)) }
            function wave(x) { return int(127.5 + 127 * sin(x)) }
            BEGIN {
                row = int((3 * w + 3) / 4) * 4
                printf "BM"; u32(54 + row * h); u32(0); u32(54)
                u32(40); u32(w); u32(h); u16(1); u16(24); u32(0); u32(row * h); u32(2835); u32(2835); u32(0); u32(0)
                for (y = 0; y < h; y++) {
                    for (x = 0; x < w; x++) {
                        u8(wave(x * (0.2 + k % 3 * 0.15) + k)); u8(wave(y * (0.25 + k % 2 * 0.2) + 2 * k))
                        u8(wave((x + y) * 0.17 + k * k))
                    }
                    for (x = 3 * w; x < row; x++) u8(0)
                }
            }')"
    } >"$1"
}

pictures() { # FOLDER COUNT WIDTH HEIGHT
    mkdir -p "$1"
    k=0
    while [ $k -lt "$2" ]; do
        picture "$1/$(printf 'p%03d.bmp' $k)" $k "$3" "$4"
        k=$((k + 1))
    done
}

# Two classes of pictures, by first-level folder.   labelled FOLDER COUNT_EACH WIDTH HEIGHT
labelled() {
    pictures "$1/even" "$2" "$3" "$4"
    mkdir -p "$1/odd"
    k=0
    while [ $k -lt "$2" ]; do
        picture "$1/odd/$(printf 'q%03d.bmp' $k)" $((k + 1001)) "$3" "$4"
        k=$((k + 1))
    done
}

# The smallest recipe that has every part: 16x16 pictures, 16 patches, milliseconds a step.
write_recipe() { # FILE
    cat >"$1" <<'END'
name: tiny
picture: {size: [16, 16], channels: 3, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25]}
augment: {crop: random, scale: [0.5, 1], flip: 0.5}
mask: {name: random, ratio: 0.75}
model:
  encoder: {name: vit, patch: 4, width: 16, depth: 2, heads: 2}
  decoder: {name: mae, width: 16, depth: 1, heads: 2}
target: {name: pixels, norm: true}
objective: [{name: l2, on: hidden}]
optim: {name: adamw, lr: 1e-2}
train: {batch: 8, epochs: 10}
checkpoint: {every: 5, keep: 3}
END
}

# A finished run of 10 steps in $room: tiny.yaml, photos/, run/.
small_run() {
    write_recipe tiny.yaml
    labelled photos 6 20 18
    succeeds "$lacuna" pretrain tiny.yaml --data photos --out run --steps 10 --quiet
}

# Little-endian 64-bit length, then a header: a safetensors file that says what it likes.   safetensors FILE LENGTH TEXT
safetensors() {
    {
        # shellcheck disable=SC2059
        printf "$(awk -v n="$2" 'BEGIN {for (i = 0; i < 8; i++) {printf "\\%03o", n % 256; n = int(n / 256)}}')"
        printf '%s' "$3"
    } >"$1"
}
