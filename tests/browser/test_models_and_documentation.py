"""The catalogue and the reference, as they are used."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.visits import NARROW, WIDE, Visits, text_of
from tests.end_to_end.server import Server


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_models_are_searched_while_one_types(visits: Visits, size: tuple[int, int]) -> None:
    """The list follows the words; the address follows too, and a search for nothing says how to go on."""
    page = visits.open("/models", size=size)
    page.locator("[name=q]").press_sequentially("claude opus")
    expect(page.locator("tbody th").first).to_contain_text("Claude")
    expect(page.locator("tbody")).not_to_contain_text("GPT")
    expect(page).to_have_url(re.compile(r"q=claude\+opus"))
    page.fill("[name=q]", "no such model")
    expect(page.locator("#list .empty")).to_contain_text("No model found.")


def test_models_are_filtered_without_scripts(visits: Visits) -> None:
    """The form does the same, and pages lead on."""
    page = visits.open("/models", scripts=False)
    page.get_by_role("link", name="Next").click()
    assert "page 2 of" in text_of(page, "[data-headline]")
    page.select_option("[name=author]", "DeepSeek")
    page.select_option("[name=price]", "disputed")
    page.click("button.main")
    assert {*page.locator("tbody td[data-label=Price] .tag").all_text_contents()} == {"disputed"}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_list_opens_on_the_newest_with_prices(visits: Visits, scripts: bool) -> None:
    """The first ten rows have prices; days fall, and models without a day come last."""
    page = visits.open("/models", scripts=scripts)
    prices = page.locator("tbody td[data-label=Input]").all_text_contents()[:10]
    assert all("$" in price for price in prices)
    days = [text[:10] for text in page.locator("tbody td[data-label=Released]").all_text_contents()]
    assert days == sorted(days, reverse=True)
    assert page.locator("thead th[aria-sort=descending]").text_content() == "Released ↓"


@pytest.mark.parametrize(
    ("order", "label", "is_reversed"),
    [("Context", "Context", True), ("Output", "Output", False), ("Input", "Input", False), ("Takes", "Takes", True)],
)
def test_the_list_is_sorted_by_a_column(visits: Visits, order: str, label: str, is_reversed: bool) -> None:
    """A click on the head sorts, another one turns the order over; unknown values are last both times."""
    page = visits.open("/models?author=Google")
    for turned in (is_reversed, not is_reversed):
        page.get_by_role("link", name=re.compile(f"^{order}")).click()
        cells = page.locator(f"tbody td[data-label={label}]").all_text_contents()
        known = [value for cell in cells if (value := amount_of(cell, label)) is not None]
        assert known == sorted(known, reverse=turned)
        assert [amount_of(cell, label) is None for cell in cells] == [False] * len(known) + [True] * (
            len(cells) - len(known)
        )


def amount_of(cell: str, label: str) -> float | None:
    """Return the value that a cell shows, the number of kinds for a list of them; None for a dash."""
    text = cell.strip()
    if text == "–":
        return None
    return float(len(text.split(", "))) if label == "Takes" else float(re.sub(r"[$,]", "", text))


def test_newer_generations_come_first_by_name(visits: Visits) -> None:
    """Claude 5 stands before Claude 1, and a retirement can be sorted by too."""
    page = visits.open("/models?author=Anthropic&sort=name")
    names = page.locator("tbody th a").all_text_contents()
    assert names.index("Claude Opus 5") < names.index("Claude Opus 4.5") < names.index("Claude 2.1")
    page.select_option("[name=sort]", "retires")
    expect(page.locator("tbody td[data-label=Released] small").first).to_contain_text("retired")


def test_filters_of_facts(visits: Visits) -> None:
    """Open weights that take images and have a large window."""
    page = visits.open("/models?weights=open&input=image&context=128k")
    assert page.locator("tbody tr").count() > 5
    assert all("image" in cell for cell in page.locator("tbody td[data-label=Takes]").all_text_contents())


def test_a_model_shows_what_it_can_do_and_who_says_so(visits: Visits) -> None:
    """Each fact has a state and a source."""
    page = visits.open("/models/gpt-4o")
    facts = text_of(page, ".stated")
    assert "Context window, tokens" in facts
    assert "128,000" in facts
    assert page.locator(".stated tbody tr").count() == page.locator(".stated tbody .tag").count() > 6
    assert page.locator(".legend span").all_text_contents()[:3] == ["Input", "Output", "Cached input"]


def test_a_model_tells_its_prices_and_who_says_so(visits: Visits) -> None:
    """Steps for each price, every row with its source, and what other sources say."""
    page = visits.open("/models/deepseek-chat")
    rows = page.locator(".history tbody tr").count()
    assert page.locator(".chart .dot:not(.second, .third)").count() == rows
    assert "USD per million tokens" in (page.locator(".chart").get_attribute("aria-label") or "")
    assert "differs" in text_of(page, ".history tbody")
    page.click("text=Count a text")
    page.fill("#text", "one")
    expect(page.locator(".counts tbody tr")).to_have_count(1)


def test_a_model_without_a_price_says_so(visits: Visits) -> None:
    """An empty state names the next step."""
    page = visits.open("/models/llama-3.2-1b")
    assert "WEIGHBRIDGE_PRICE_OVERRIDES" in text_of(page, ".empty")


def test_a_call_runs_in_the_page_with_ones_own_key(visits: Visits, server: Server) -> None:
    """The example runs with the reader's key and shows the exact answer; without a key the refusal is shown."""
    page = visits.open("/docs", expected_status=400)
    section = page.locator("#countTokens")
    section.locator(".try > summary").click()
    section.get_by_role("button", name="Run").click()
    expect(section.locator("output")).to_contain_text("Authorization header not found.")
    page.fill("#key", server.demo_key)
    section.get_by_role("button", name="Run").click()
    expect(section.locator("output")).to_contain_text('"token_cost": 0.000144')
    expect(section.locator("output")).to_contain_text("x-quota-limit-remaining-calls")
    section.get_by_role("button", name="Copy as curl").click()
    expect(section.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "$KEY" in copied
    assert server.demo_key not in copied


def test_parameters_of_a_path_and_a_query_are_sent(visits: Visits, server: Server) -> None:
    """The values of the fields are the values of the call."""
    page = visits.open("/docs")
    page.fill("#key", server.demo_key)
    section = page.locator("#showPrices")
    section.locator(".try > summary").click()
    section.locator("[name=name]").fill("gpt-4o")
    section.get_by_role("button", name="Run").click()
    expect(section.locator("output")).to_contain_text('"model": "gpt-4o"')


def test_the_reference_is_whole_without_scripts(visits: Visits) -> None:
    """Every operation is there with examples; what needs scripts is not."""
    page = visits.open("/docs", scripts=False)
    assert page.locator(".operation").count() > 15
    assert not page.locator(".try").first.is_visible()
    assert page.locator(".operation pre").first.is_visible()
