#!/bin/sh
# Help, versions, names and options: what a person meets first, and what scripts rely on.
. "$(dirname "$0")/lib.sh"
begin "$1"

commands='pretrain eval analyze report compare mask reconstruct embed data methods step export bench atlas'
succeeds "$lacuna" --help
[ ! -s "$room.err" ] || fail "help writes to stderr"
for command in $commands; do
    succeeds "$lacuna" --help
    has "$room.out" "^  $command +[a-z]"
    succeeds "$lacuna" "$command" --help
    [ ! -s "$room.err" ] || fail "$command --help writes to stderr"
    has "$room.out" "^Usage: lacuna $command"
    has "$room.out" '^Examples:$'
    has "$room.out" "^  lacuna $command"
    has "$room.out" '^Exit status: 0 '
    for option in threads seed json quiet help; do has "$room.out" "^  --$option "; done
    cp "$room.out" "$room/help"
    succeeds "$lacuna" help "$command"
    cmp -s "$room/help" "$room.out" || fail "help $command and $command --help differ"
    rm "$room/help"
    # No line so long that a terminal of 132 columns breaks it.
    awk 'length > 132 {print; bad = 1} END {exit bad}' "$room.out" || fail "$command --help: too long a line"
    refuses 2 "unknown option --nonsense" "$lacuna" "$command" --nonsense
    refuses 2 "unknown option --threds; did you mean --threads\?" "$lacuna" "$command" --threds 2
    refuses 2 "--threads: expected N, found nothing" "$lacuna" "$command" --threads
    refuses 2 "--threads: expected N, found the option --json" "$lacuna" "$command" --threads --json
    refuses 2 "--json: takes no value" "$lacuna" "$command" --json=yes
done

refuses 2 "no command given" "$lacuna"
refuses 2 "unknown command 'pretrian'; did you mean 'pretrain'\?" "$lacuna" pretrian
refuses 2 "unknown command 'reconstuct'; did you mean 'reconstruct'\?" "$lacuna" help reconstuct
refuses 2 "unknown command 'qqqqqqqqqq' \(lacuna --help" "$lacuna" qqqqqqqqqq
refuses 2 "unknown command '--verison'" "$lacuna" --verison
refuses 2 "too few arguments; usage: lacuna reconstruct RUN" "$lacuna" reconstruct
refuses 2 "needs --data SOURCE and --out RUN" "$lacuna" pretrain
refuses 2 "unexpected argument 'c'" "$lacuna" pretrain a c
refuses 2 "--threads: expected a whole number of at least 1, found '0'" "$lacuna" bench demo --threads 0
refuses 2 "--threads: expected .*, found 'two'" "$lacuna" bench demo --threads two
refuses 2 "--threads: expected at most" "$lacuna" bench demo --threads 1000000
refuses 2 "LACUNA_ISA.*(nonsense|vax)" env LACUNA_ISA=vax "$lacuna" --version
# A control byte in a name must not reach a terminal.
refuses 2 "unknown command 'a.b'" "$lacuna" "$(printf 'a\033b')"

succeeds "$lacuna" --version
for library in lacuna compiler kernels libjpeg-turbo libspng libwebp libtiff libyaml jansson zlib xxhash; do
    has "$room.out" "^$library +[a-zA-Z0-9]"
done
succeeds env LACUNA_ISA=portable "$lacuna" --version
has "$room.out" '^kernels +cpu portable'
succeeds "$lacuna" --version --json
if command -v jq >/dev/null; then jq -e '.libraries.zlib and .kernels' "$room.out" >/dev/null || fail "not JSON"; fi

# Results that cannot be written are a failure, not silence.
if [ -c /dev/full ]; then
    status=0
    "$lacuna" --help >/dev/full 2>"$room.err" || status=$?
    [ "$status" -eq 1 ] || fail "status $status after writing to a full device, expected 1"
    one_line "standard output" "$lacuna --help > /dev/full"
fi
