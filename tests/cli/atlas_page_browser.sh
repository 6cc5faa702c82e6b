# The page of the atlas in headless Chromium: tests/atlas/page_test.py. LACUNA_PYTHON names a Python that has Playwright and
# axe-core (PyPI: playwright, axe-playwright-python); without it, python3 is tried. SKIPPED where something is missing.
. "$(dirname "$0")/lib.sh"
tests=$(cd "$(dirname "$0")/.." && pwd)
begin "$1"
python=${LACUNA_PYTHON:-python3}
command -v "$python" >/dev/null || skip "no $python (LACUNA_PYTHON names another Python)"
[ "${LACUNA_SANITIZED:-}" != ON ] || skip "the page is the same without sanitizers"
"$python" "$tests/atlas/page_test.py" "$lacuna"
