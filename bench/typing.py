"""How soon the playground's table follows the last key: a real Chromium, a real server, a text of 10 kB."""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.texts import kinds
from tests.browser.chromium import OPTIONS, chromium
from tests.end_to_end.server import running

CHARACTERS = 10_000
BURSTS = 50
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
    const told = tell;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => told(performance.now() - at);
    requestAnimationFrame(() => channel.port2.postMessage(null));
  }).observe(results, { attributes: true, attributeFilter: ["aria-busy"] });
}"""


def typing() -> Iterator[tuple[str, ...]]:
    """For each choice of models: its number of models, median, 90th and 99th percentile in milliseconds."""
    if chromium() is None:
        yield ("not measured: no Chromium was found", "", "", "", "")
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data", SETTINGS) as server:
        for name, path in CHOICES.items():
            models, waited = _measured(server.url + path)
            tenths, hundredths = statistics.quantiles(waited, n=10), statistics.quantiles(waited, n=100)
            figures = (statistics.median(waited), tenths[-1], hundredths[-1])
            yield (name, str(models), *(f"{figure:.0f} ms" for figure in figures))


def _measured(address: str) -> tuple[int, list[float]]:
    """How many models there are, and the milliseconds after the last key of each burst."""
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
