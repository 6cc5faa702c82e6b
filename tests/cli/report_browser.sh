#!/bin/sh
# The page of `lacuna report` in a real browser (tests/report/report_browser.py), where there is one.
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$(dirname "$0")/../report" && pwd)
begin "$1"
python=${LACUNA_PYTHON:-python3}
"$python" -c 'import playwright' 2>/dev/null || skip "no Playwright in $python (pip install playwright, or set LACUNA_PYTHON)"
browser=${LACUNA_CHROMIUM:-$(command -v chromium || true)}
[ -n "$browser" ] || skip "no chromium (apt-get install chromium, or set LACUNA_CHROMIUM)"
small_run
succeeds "$lacuna" analyze run --data photos --quiet
succeeds "$lacuna" report run --quiet
cp -r run second
succeeds "$lacuna" report . --quiet
succeeds "$python" "$scripts/report_browser.py" "$browser" "$room/run/report.html" "$room/report.html"
