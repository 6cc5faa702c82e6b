#!/bin/sh
# Runs the tests of a build folder and ends with "N passed, N failed, N skipped". Output of failed tests is shown.
#   cmake/check.sh BUILD [ctest arguments]
set -eu
build=$1
shift
log="$build/check.log"
rc=0
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)" "$@" >"$log.part" 2>&1 || rc=$?
mv "$log.part" "$log"

# One line for what did not pass, everything for what failed.
grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' "$log" || true
awk -v rc="$rc" '
    /^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
        if (/ Passed +[0-9.]+ sec/) passed++
        else if (/\*\*\*Skipped/) skipped++
        else failed++
    }
    END {
        printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
        exit (failed > 0 || passed == 0) ? 1 : rc
    }' "$log" >"$build/check.summary" || rc=1
cat "$build/check.summary"
exit $rc
