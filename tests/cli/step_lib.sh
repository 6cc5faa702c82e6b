# tests/cli/step_lib.sh - `lacuna step` against dumps of another implementation; sourced after lib.sh, never run.
#
#   references FOLDER            the tests/reference/FOLDER in $reference; the program that compares dumps in $compare
#   matches NAME COMMAND...      COMMAND with NAME's inputs gives NAME's dump, on every instruction set this processor has
#   differs NAME COMMAND...      COMMAND with NAME's inputs runs, and its dump is found wrong: what is, in $room.err

references() {
    reference=$tests/../reference/$1
    compare=$(dirname "$lacuna")/compare_dumps
    [ -x "$compare" ] || fail "$compare is not there"
}

matches() {
    name=$1
    shift
    for isa in portable avx2 avx512; do
        if ! LACUNA_ISA=$isa "$@" --inputs "$reference/$name.in.safetensors" --dump "$name.safetensors" >"$room.out" 2>"$room.err"; then
            [ $isa != portable ] && grep -q "instruction set\|processor" "$room.err" && echo "$name on $isa: this processor has none" && continue
            fail "$name on $isa: $(cat "$room.err")"
        fi
        "$compare" "$reference/$name.out.safetensors" "$name.safetensors" >"$room.out" 2>"$room.err" ||
            fail "$name on $isa: $(cat "$room.out" "$room.err")"
        echo "$name on $isa: $(cat "$room.out")"
    done
}

differs() {
    name=$1
    shift
    succeeds "$@" --inputs "$reference/$name.in.safetensors" --dump wrong.safetensors
    ! "$compare" "$reference/$name.out.safetensors" wrong.safetensors >"$room.out" 2>"$room.err" || fail "$name matches what it should not: $*"
}
