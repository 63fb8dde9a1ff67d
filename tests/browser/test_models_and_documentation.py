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
    assert {*page.locator("tbody td:nth-child(5) .tag").all_text_contents()} == {"disputed"}


def test_a_model_tells_its_prices_and_who_says_so(visits: Visits) -> None:
    """Steps for each price, every row with its source, and what other sources say."""
    page = visits.open("/models/deepseek-chat")
    rows = page.locator(".history tbody tr").count()
    assert page.locator(".chart .dot:not(.second)").count() == rows
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
