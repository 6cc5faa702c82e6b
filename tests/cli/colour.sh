#!/bin/sh
# Colours only on a terminal, and never with NO_COLOR (no-color.org) or TERM=dumb.
. "$(dirname "$0")/lib.sh"
begin "$1"
command -v script >/dev/null || skip "no script(1) to make a terminal with"

escape=$(printf '\033')
on_terminal() { # VARIABLE=VALUE...: what a wrong command prints on a terminal
    env "$@" script -qec "$lacuna nosuch" /dev/null >"$room.out" 2>"$room.err" </dev/null || true
    grep -q "unknown command" "$room.out" || fail "no error seen on the terminal"
}
on_terminal TERM=xterm
grep -q "$escape" "$room.out" || fail "no colour on a terminal"
on_terminal TERM=xterm NO_COLOR=1
! grep -q "$escape" "$room.out" || fail "colour in spite of NO_COLOR"
on_terminal TERM=xterm NO_COLOR=
grep -q "$escape" "$room.out" || fail "an empty NO_COLOR does not count"
on_terminal TERM=dumb
! grep -q "$escape" "$room.out" || fail "colour on a dumb terminal"
run_it env TERM=xterm "$lacuna" nosuch
! grep -q "$escape" "$room.err" || fail "colour in a file"
