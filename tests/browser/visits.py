"""Pages as a person sees them, watched for whatever goes wrong."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, cast

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

WIDE, NARROW = (1440, 900), (360, 740)
# Counts how much the layout moves without anybody having touched it, before the load event and after it.
SHIFTS = """
window.shifted = { before: 0, after: 0, moved: [] };
new PerformanceObserver((list) => {
  const loaded = performance.getEntriesByType("navigation")[0].loadEventStart || Infinity;
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.shifted[entry.startTime > loaded ? "after" : "before"] += entry.value;
    for (const { node, previousRect: old, currentRect: now } of entry.sources)
      window.shifted.moved.push(`${old.x},${old.y} to ${now.x},${now.y}: ${(node?.outerHTML ?? "").slice(0, 120)}`);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# A frame's layout shifts are reported after it has been painted, in a separate task.
SETTLED = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(window.shifted), 0)));
})"""


class Shifts(NamedTuple):
    """How much the layout moved, as Chromium scores it: 1 is a whole window by its whole height;
    and what it was that moved."""

    before: float
    after: float
    moved: list[str]


class Visits:
    """Opens pages, each in a context of its own, and keeps what the browser complains of."""

    def __init__(self, browser: Browser, url: str, signed_in: Sequence[dict[str, object]]) -> None:
        self.browser = browser
        self.url = url
        self.signed_in = signed_in
        self.complaints: list[str] = []
        self.expected_status: int | None = None
        self.expected_failure: str | None = None
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        path: str = "/",
        *,
        size: tuple[int, int] = WIDE,
        theme: Literal["light", "dark"] = "light",
        scripts: bool = True,
        with_session: bool = False,
        expected_status: int | None = None,
        slowdown: int = 1,
    ) -> Page:
        """A page, loaded. `expected_status` is one that the browser would complain of; with `slowdown` the page's
        processor is so many times as slow, and it is painted many times while it is read."""
        self.expected_status = expected_status
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.url)
        self._contexts.append(context)
        if with_session:
            context.add_cookies(cast(Any, self.signed_in))
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.add_init_script(SHIFTS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error in a script: {error}"))
        page.on("request", self._asked)
        if slowdown > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        page.goto(self.url + path)
        return page

    def close(self) -> None:
        """Close all browser contexts."""
        for context in self._contexts:
            context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        expected = self.expected_status is not None and f"status of {self.expected_status}" in message.text
        expected |= self.expected_failure is not None and self.expected_failure in message.text
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")


def text_of(page: Page, selector: str) -> str:
    """The text of the first element, with its white space made plain."""
    return " ".join((page.locator(selector).first.text_content() or "").split())


def shifts_of(page: Page) -> Shifts:
    """What has moved up to now on the page that is shown."""
    return Shifts(**page.evaluate(SETTLED))
