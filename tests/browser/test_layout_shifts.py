"""The content of a page does not move: on a slow processor, and when a response comes late."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visits import NARROW, WIDE, Visits, shifts_of

SLOWDOWN = 12
BOTH_SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
LISTS = {"/models": False, "/models/deepseek-chat": False, "/console/statement": True, "/console/keys": True}
# Where the columns and the cells of the first row are, with all rows and with the first alone.
PLACES = """() => [...document.querySelectorAll("table.data")].map((table) => {
  const places = () => [...table.querySelectorAll("thead th, tbody tr:first-child > *")].map((cell) => {
    const box = cell.getBoundingClientRect();
    return [box.x, box.width];
  });
  const whole = places();
  for (const row of [...table.tBodies[0].rows].slice(1)) row.remove();
  return [whole, places()];
})"""


def assert_still(page: Page) -> None:
    """Nothing has moved, and the places of the columns do not hang on the rows."""
    shifts = shifts_of(page)
    assert shifts.before < 0.01
    assert shifts.after < 0.001
    for whole, first in page.evaluate(PLACES):
        assert first == whole


@BOTH_SIZES
@pytest.mark.parametrize("path", LISTS)
def test_a_list_stays_while_it_is_read(visits: Visits, path: str, size: tuple[int, int]) -> None:
    """A table that is painted many times while its rows arrive never moves what is painted already, for its columns do
    not hang on its rows."""
    assert_still(visits.open(path, size=size, with_session=LISTS[path], slowdown=SLOWDOWN))


@BOTH_SIZES
@pytest.mark.parametrize("mode", ["text", "chat", "request"])
def test_the_example_stays_while_it_is_read(visits: Visits, size: tuple[int, int], mode: str) -> None:
    """The playground with its example is a page of its own: nothing of it moves either."""
    page = visits.open(f"/?mode={mode}", size=size, slowdown=SLOWDOWN)
    page.click("text=Try an example")
    page.wait_for_selector("[data-headline]")
    page.wait_for_load_state()
    assert_still(page)


@BOTH_SIZES
def test_a_late_answer_has_its_place(visits: Visits, size: tuple[int, int]) -> None:
    """A text that comes without a key, as from a file, has no recent input for Chromium, so every shift counts: neither
    the first answer, nor a longer or shorter one, nor a refusal moves what was there."""
    page = visits.open("/", size=size, slowdown=SLOWDOWN)
    title = page.locator("#tokens-title")
    page.fill("#text", "one two three")
    expect(title).to_contain_text("in 3 tokens")
    page.fill("#text", "one two three " * 300)
    expect(title).to_contain_text("in 90")
    page.fill("#text", "one")
    expect(title).to_contain_text("in 1 tokens")
    page.route("**/playground", lambda route: route.abort())
    visits.expected_failure = "net::ERR_FAILED"
    page.fill("#text", "one two")
    expect(page.locator("#results")).to_contain_text("The service is unreachable.")
    assert shifts_of(page).after < 0.001


@BOTH_SIZES
def test_a_late_list_has_its_place(visits: Visits, size: tuple[int, int]) -> None:
    """A search of the catalogue that finds less moves nothing but its list."""
    page = visits.open("/models", size=size, slowdown=SLOWDOWN)
    page.fill("[name=q]", "no such model")
    expect(page.locator("#list .empty")).to_contain_text("No model found.")
    page.fill("[name=q]", "gpt-4o")
    expect(page.locator("tbody th").first).to_contain_text("GPT-4o")
    assert shifts_of(page).after < 0.001


def test_cards_are_a_table_to_a_screen_reader(visits: Visits) -> None:
    """On a narrow screen rows are shown as cards; the browser's own tree still has rows, cells and columns' names."""
    page = visits.open("/console/statement", size=NARROW, with_session=True)
    assert page.locator("tbody tr").first.evaluate("(row) => getComputedStyle(row).display") == "grid"
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node.get("ignored")]
    rows = page.locator("tbody tr").count()
    assert roles.count("table") == 1
    assert roles.count("row") == rows + 1
    assert roles.count("columnheader") == 5
    assert roles.count("cell") == rows * 5
