"""A report in a browser: report_browser.py CHROMIUM ONE.html MANY.html

Real Chromium, headless, from file://: nothing is asked for, nothing is reported to the console, both colour schemes differ and
the button changes them, values show under the pointer, nothing sticks out of the window on a phone, a link opens its run."""
import sys

from playwright.sync_api import sync_playwright

chromium, one, many = sys.argv[1:]
WAIT_MS = 240_000  # the machine may be busy


def check(what, is_so):
    if not is_so:
        sys.exit(f"FAILED: {what}")


def look(browser, path, scheme, width):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(WAIT_MS)
    wrong, asked = [], []
    page.on("console", lambda m: wrong.append(m.text))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith(("data:", "file:")) else None)
    page.goto("file://" + path)
    check(f"{path} {scheme} {width}: console is silent: {wrong}", not wrong)
    check(f"{path}: asks for nothing: {asked}", not asked)
    check(f"{path} {width}: nothing sticks out", page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
    return page


ground = "getComputedStyle(document.body).backgroundColor"
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=WAIT_MS)
    light, dark = look(browser, one, "light", 1240), look(browser, one, "dark", 1240)
    before = light.evaluate(ground)
    check("light and dark differ", before != dark.evaluate(ground))
    light.click(".theme")
    check("the button turns light into dark", light.evaluate(ground) == dark.evaluate(ground))
    light.click(".theme")
    check("and back", light.evaluate(ground) == before)
    chart = light.locator("#curves svg.chart").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    light.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = light.locator(".tip")
    check("values show under the pointer", tip.is_visible() and tip.inner_text().startswith("step "))
    light.mouse.move(1, 1)
    check("and go with it", not tip.is_visible())
    broken = light.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length")
    check("every picture is there", broken == 0 and light.locator("#pictures img").count() > 0)
    check("the charts of the analysis are there", light.locator("#analysis svg.chart").count() == 6)
    look(browser, one, "light", 390)

    page = look(browser, many, "light", 1240)
    check("the table has a row a run", page.locator("#compare table").first.locator("tbody tr").count() == 2)
    check("runs are folded", not page.locator("#run-1 h3").first.is_visible())
    page.click("#compare a[href='#run-1']")
    page.locator("#run-1 h3").first.wait_for(state="visible")
    look(browser, many, "dark", 390)
    browser.close()
print("in order")
