"""Measure how soon the playground follows a key in Chromium with a real server, in texts of 10 kB and 500 kB."""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.texts import kinds
from tests.browser.chromium import OPTIONS, chromium
from tests.end_to_end.server import running

CHARACTERS = 10_000
LARGE_CHARACTERS = 500_000
BURSTS = 50
LARGE_BURSTS = 10
PASTES = 5
WARM_BURSTS = 5
KEYS = "abcde"
# Ten keys a second are 120 words a minute.
KEY_MS = 100
CHOICES = {"the usual selection": "/", "every model with a price": "/?author=*"}
SETTINGS = {
    "PLAYGROUND_CALLS_PER_SECOND": "1000",
    "PLAYGROUND_CALLS_PER_MONTH": "1000000",
    "LOG_LEVEL": "warning",
    "PRELOAD_VOCABULARIES": "true",
}
# From the time that the browser gives the key until the frame with the new table has been painted. The policy of the
# page forbids polling with a text of code: a promise it is.
WATCH = """() => {
  const results = document.getElementById("results");
  let at, asked, tell;
  document.getElementById("text").addEventListener("input", (event) => {
    at = event.timeStamp;
    asked = false;
    window.followed = new Promise((done) => { tell = done; });
  }, true);
  new MutationObserver(() => {
    const busy = results.getAttribute("aria-busy") === "true";
    asked ||= busy;
    if (busy || !asked) return;
    const report = tell;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => report(performance.now() - at);
    requestAnimationFrame(() => channel.port2.postMessage(null));
  }).observe(results, { attributes: true, attributeFilter: ["aria-busy"] });
}"""

# From a key until the frame that shows what it did has been painted, into `waited`.
WATCH_FRAMES = """() => {
  let at;
  window.waited = [];
  document.addEventListener("keydown", (event) => { at = event.timeStamp; }, true);
  document.getElementById("text").addEventListener("input", () => {
    const channel = new MessageChannel(), pressed = at;
    channel.port1.onmessage = () => window.waited.push(performance.now() - pressed);
    requestAnimationFrame(() => channel.port2.postMessage(null));
  }, true);
}"""


def typing() -> Iterator[tuple[str, ...]]:
    """Yield for each choice of models its number, and the median, 90th and 99th percentile in milliseconds."""
    if chromium() is None:
        yield ("not measured: no Chromium was found", "", "", "", "")
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data", SETTINGS) as server:
        for name, path in CHOICES.items():
            models, waited = _measured(server.url + path)
            tenths, hundredths = statistics.quantiles(waited, n=10), statistics.quantiles(waited, n=100)
            figures = (statistics.median(waited), tenths[-1], hundredths[-1])
            yield (name, str(models), *(f"{figure:.0f} ms" for figure in figures))


def typing_in_large_text() -> Iterator[tuple[str, ...]]:
    """Yield for pasting a text of 500 kB and for keys in it the number, median and maximum in milliseconds."""
    if chromium() is None:
        yield ("not measured: no Chromium was found", "", "", "")
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data", SETTINGS) as server:
        pasted, typed = _frames(server.url)
        for name, waited in (("pasting the text", pasted), ("a key at its end", typed)):
            figures = (statistics.median(waited), max(waited))
            yield (name, str(len(waited)), *(f"{figure:.0f} ms" for figure in figures))


def _frames(address: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds to the next frame after each paste and each key, while tables are updated as usual."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*OPTIONS])
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page = context.new_page()
        page.goto(address)
        page.evaluate("(text) => navigator.clipboard.writeText(text)", kinds(LARGE_CHARACTERS, 1)[0].fresh[0])
        page.evaluate(WATCH_FRAMES)
        pasted: list[float] = []
        page.focus("#text")
        for _ in range(PASTES):
            page.keyboard.press("Control+A")
            page.keyboard.press("Control+V")
            page.wait_for_selector("[data-headline]")
            page.wait_for_selector("#results[aria-busy=false]")
            pasted += _waited(page)
        for _ in range(LARGE_BURSTS):
            page.keyboard.type(KEYS, delay=KEY_MS)
            page.wait_for_selector("#results[aria-busy=true]")
            page.wait_for_selector("#results[aria-busy=false]")
        typed = _waited(page)
        browser.close()
    return pasted, typed


def _waited(page: Page) -> list[float]:
    """Return what was measured since the last call."""
    found: list[float] = page.evaluate("() => window.waited.splice(0)")
    return found


def _measured(address: str) -> tuple[int, list[float]]:
    """Return the number of models, and the milliseconds after the last key of each burst."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*OPTIONS])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.fill("#text", kinds(CHARACTERS, 1)[0].fresh[0])
        page.wait_for_selector("[data-headline]")
        page.evaluate(WATCH)
        page.focus("#text")
        page.keyboard.press("Control+End")
        waited = [_burst(page) for _ in range(WARM_BURSTS + BURSTS)][WARM_BURSTS:]
        models = len((page.locator("[data-models]").get_attribute("data-models") or "").split(","))
        browser.close()
    return models, waited


def _burst(page: Page) -> float:
    page.keyboard.type(KEYS, delay=KEY_MS)
    followed: float = page.evaluate("() => window.followed")
    return followed
