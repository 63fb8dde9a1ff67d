"""What holds for every page, at both widths, in light and in dark. Screenshots are kept in build/screenshots."""

from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types

from tests.browser.visits import NARROW, WIDE, Visits, shifts_of

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
MAX_BYTES = 300_000
SERIOUS = ("serious", "critical")
# Tables that scroll sideways, and cells whose content is wider than they are.
CUT_OFF = """() => [...document.querySelectorAll(".scroll, .data tbody :is(th, td), .data thead th")]
    .filter((box) => box.scrollWidth > box.clientWidth && box.closest("thead")?.clientWidth !== 1)
    .map((box) => box.outerHTML.slice(0, 120))"""


class Shown(NamedTuple):
    """A page, whether it needs a session, and what has to be there."""

    path: str
    selector: str
    with_session: bool = False
    example: bool = False


PAGES = {
    "playground": Shown("/", "[data-headline]", example=True),
    "playground-empty": Shown("/", ".empty"),
    "chat": Shown("/?mode=chat", "[data-headline]", example=True),
    "chat-empty": Shown("/?mode=chat", ".empty"),
    "request": Shown("/?mode=request", "[data-headline]", example=True),
    "models": Shown("/models", "table"),
    "models-of-an-author": Shown("/models?author=OpenAI&sort=name", "table"),
    "model": Shown("/models/deepseek-chat", ".chart"),
    "documentation": Shown("/docs", ".operation"),
    "sign-in": Shown("/console", "#password"),
    "console": Shown("/console", ".chart", with_session=True),
    "keys": Shown("/console/keys", "table", with_session=True),
    "revoke": Shown("/console/keys", "table", with_session=True),
    "statement": Shown("/console/statement", "table", with_session=True),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound(visits: Visits, name: str, size: tuple[int, int], theme: Literal["light", "dark"]) -> None:
    """No serious fault of access, no sideways scrolling, no cell cut off, nothing that moves, no more than 300 kB, no
    other host asked, and no complaint of the browser."""
    shown = PAGES[name]
    page = visits.open(shown.path, size=size, theme=theme, with_session=shown.with_session)
    if shown.example:
        page.click("text=Try an example")
    if name == "revoke":
        page.get_by_role("link", name="Revoke").first.click()
        page.wait_for_selector("text=Revoke key")
    else:
        page.wait_for_selector(shown.selector)
    assert faults_of(Axe().run(page).response) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert page.evaluate(CUT_OFF) == []
    shifts = shifts_of(page)
    assert shifts.before < 0.01
    assert shifts.after < 0.001
    # Last: a picture of the whole page makes the window higher, which moves what is in it.
    page.screenshot(path=SHOTS / f"{name}-{size[0]}-{theme}.png", full_page=name != "documentation")
    weight = page.evaluate("""() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
        .reduce((sum, entry) => sum + entry.decodedBodySize, 0)""")
    assert 0 < weight < MAX_BYTES


def faults_of(found: dict[str, Any]) -> list[str]:
    """What axe-core finds to be serious, in words."""
    return [
        f"{fault['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"][:3]
    ]


def test_the_colours_are_chosen_and_kept(visits: Visits) -> None:
    """The button turns the colours over, and the next page has them too."""
    page = visits.open("/models", theme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-toggle]")
    dark = page.evaluate(ground)
    assert dark != light
    page.goto(f"{visits.url}/docs")
    assert page.evaluate(ground) == dark


def test_a_page_that_is_not_there_says_what_to_do(visits: Visits) -> None:
    """A mistyped model is a page with a hint, not a dump."""
    page = visits.open("/models/gpt-4oo", expected_status=404)
    assert "Did you mean gpt-4o?" in (page.text_content("h1") or "")
    assert page.get_by_role("link", name="all models").is_visible()
