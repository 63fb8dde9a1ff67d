"""The playground: counts and costs while one types, with and without scripts, by keyboard alone."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.visits import NARROW, WIDE, Visits, text_of

SENTENCE = "Felis nunc phasellus arcu ad bibendum elementum taciti."
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}</textarea><b>\u202eabc שלום مرحبا</b>"


def costs(page: Page) -> list[Decimal]:
    """The costs of the table, in its order."""
    cells = page.locator(".counts tbody tr td:nth-child(2)").all_text_contents()
    return [Decimal(cell.strip().removeprefix("≈ ").strip("$\u2007 ")) for cell in cells if "$" in cell]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_typing_counts(visits: Visits, size: tuple[int, int]) -> None:
    """The table follows the typed text: exact counts, the cheapest first, with a headline."""
    page = visits.open("/?models=claude-2.1&models=gpt-4o&models=titan-text-lite-v1&models=llama-3.2-1b", size=size)
    page.locator("#text").press_sequentially(SENTENCE)
    expect(page.locator("tr", has_text="Claude 2.1")).to_contain_text("$0.000144")
    expect(page.locator("tr", has_text="GPT-4o")).to_contain_text("$0.000035")
    expect(page.locator("tr", has_text="GPT-4o")).to_contain_text("exact")
    expect(page.locator("tr", has_text="Titan Text Lite")).to_contain_text("estimate")
    expect(page.locator("tr", has_text="Llama 3.2 1B")).to_contain_text("no price")
    assert costs(page) == sorted(costs(page))
    expect(page.locator("#announce")).to_contain_text("Cheapest")


def test_an_outdated_question_is_cancelled(visits: Visits) -> None:
    """While an answer is on its way and one types on, it is dropped: what is shown belongs to the newest text."""
    page = visits.open("/?models=gpt-4o")
    held: list[Route] = []
    page.route("**/playground", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/playground"):
        page.fill("#text", "one two three")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    with page.expect_event("requestfailed"):
        page.fill("#text", "one")
    expect(page.locator("[data-headline]")).to_contain_text("for 1 tokens")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")


def test_tokens_are_coloured_with_their_numbers(visits: Visits) -> None:
    """The pieces join into the text; a piece shows its token ids, on hover or for all pieces."""
    page = visits.open("/?models=gpt-4o")
    page.fill("#text", SENTENCE)
    pieces = page.locator(".token-text span")
    expect(pieces).to_have_count(14)
    assert "".join(pieces.all_text_contents()) == SENTENCE
    assert pieces.nth(1).get_attribute("title") == "75511"
    page.check(".show-ids")
    assert "75511" in pieces.nth(1).evaluate("(piece) => getComputedStyle(piece, '::after').content")
    page.select_option("[name=vocabulary]", "r50k_base")
    expect(page.locator("#tokens-title")).to_contain_text("r50k_base")
    expect(page.locator(".show-ids")).to_be_checked()


def test_the_link_restores_the_choice_without_the_text(visits: Visits) -> None:
    """The address has models, author and vocabulary, and never what was typed."""
    page = visits.open("/")
    page.fill("#text", "secret words")
    page.click(".picker > summary")
    page.click("[data-clear]")
    page.fill("[data-search]", "gpt-4o-mini")
    page.get_by_label("GPT-4o Mini", exact=True).check()
    page.select_option("[name=vocabulary]", "r50k_base")
    expect(page.locator(".counts tbody tr")).to_have_count(1)
    page.click("[data-copy=link]")
    expect(page.locator("[data-copy=link]")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "secret" not in link
    again = visits.open(link.removeprefix(visits.url))
    assert again.input_value("#text") == ""
    assert again.input_value("[name=vocabulary]") == "r50k_base"
    again.fill("#text", "a")
    expect(again.locator(".counts tbody tr")).to_have_count(1)
    expect(again.locator(".counts")).to_have_attribute("data-models", "gpt-4o-mini")


def test_an_author_filters_the_table(visits: Visits) -> None:
    """Only one author's rows stay; unknown names of an old link are reported."""
    page = visits.open("/?models=open-mistral-nemo&models=gpt-4o&models=gone-1")
    assert "gone-1" in text_of(page, ".notice")
    page.fill("#text", SENTENCE)
    page.select_option("[name=only]", "Mistral")
    expect(page.locator(".counts small").first).to_have_text("Mistral")
    assert set(page.locator(".counts th small").all_text_contents()) == {"Mistral"}


@pytest.mark.parametrize(("kind", "word"), [("curl", "$KEY"), ("python", "urllib"), ("javascript", "fetch(")])
def test_the_call_is_copied(visits: Visits, kind: str, word: str) -> None:
    """A button copies the same count as a call, with the text and the models."""
    page = visits.open("/?models=gpt-4o")
    page.fill("#text", "it's 'quoted' \"text\"")
    expect(page.locator("[data-headline]")).to_be_visible()
    page.click(f"[data-copy={kind}]")
    expect(page.locator(f"[data-copy={kind}]")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert word in copied
    assert "gpt-4o" in copied
    assert f"{visits.url}/v1/tokens/count" in copied


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_hostile_text_is_text(visits: Visits, scripts: bool) -> None:
    """Markup, scripts, templates and right-to-left text are shown as they are, and nothing of them runs."""
    page = visits.open("/?models=gpt-4o", scripts=scripts)
    page.fill("#text", HOSTILE)
    if not scripts:
        page.click("button.main")
    expect(page.locator(".token-text")).to_have_text(HOSTILE)
    assert page.input_value("#text") == HOSTILE
    assert page.locator(".token-text img, .token-text script, .token-text b").count() == 0


@pytest.mark.parametrize(("model", "estimated"), [("claude-opus-4-5", True), ("gpt-4o", False)])
@pytest.mark.parametrize("kind", ["curl", "python", "javascript"])
def test_a_copied_call_asks_for_what_the_page_shows(visits: Visits, kind: str, model: str, estimated: bool) -> None:
    """Where the table has estimates, the call asks for them, so that its answer has the same numbers."""
    page = visits.open(f"/?models={model}")
    page.fill("#text", SENTENCE)
    expect(page.locator("[data-models]")).to_have_attribute("data-models", model)
    button = page.locator(f"[data-copy={kind}]")
    button.click()
    expect(button).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()").replace("\\", "")
    assert ('"estimate":true' in copied) is estimated


def test_a_text_of_900_kilobytes(visits: Visits) -> None:
    """A long text is counted whole, and its beginning is coloured."""
    page = visits.open("/?models=gpt-4o")
    page.evaluate(
        """(text) => {
        document.getElementById("text").value = text;
        document.getElementById("text").dispatchEvent(new InputEvent("input", { bubbles: true }));
    }""",
        "<b>weigh</b>\n" * 69_230,
    )
    expect(page.locator("[data-headline]")).to_contain_text("tokens", timeout=30_000)
    expect(page.locator(".tokens-view")).to_contain_text("The first 5,000 of 899,990 characters.")


def test_a_large_text_is_selected_and_replaced(visits: Visits) -> None:
    """To select all of a text and type over it takes no longer for the lists of models beside it."""
    page = visits.open("/?models=gpt-4o")
    page.evaluate("(text) => { document.getElementById('text').value = text; }", "weigh a lorry\n" * 18_000)
    page.focus("#text")
    page.evaluate("""() => {
        document.addEventListener("keydown", (event) => { window.pressed ??= event.timeStamp; });
        document.getElementById("text").addEventListener("input", () => { window.took = performance.now() - pressed; });
    }""")
    page.keyboard.press("Control+A")
    page.keyboard.press("x")
    assert page.input_value("#text") == "x"
    assert page.evaluate("() => window.took") < 4_000


@pytest.mark.parametrize(("text", "direction"), [("1 + שלום", "rtl"), ("(hello) שלום", "ltr"), ("123", "ltr")])
def test_a_text_runs_as_its_first_letter_does(visits: Visits, text: str, direction: str) -> None:
    """The text field follows the direction of the script that is typed."""
    page = visits.open("/?models=gpt-4o")
    page.fill("#text", text)
    expect(page.locator("#text")).to_have_attribute("dir", direction)


def test_without_scripts_the_form_does_it(visits: Visits) -> None:
    """The same table comes from the server, with line ends counted as they were typed, and a link to the choice."""
    page = visits.open("/?models=gpt-4o", scripts=False)
    page.fill("#text", "a\nb")
    page.click("button.main")
    expect(page.locator("[data-headline]")).to_contain_text("for 3 tokens")
    assert page.input_value("#text") == "a\nb"
    assert page.get_by_role("link", name="Link to this selection").get_attribute("href") == "/?models=gpt-4o"
    assert not page.locator("[data-copy=link]").is_visible()


def test_by_keyboard_alone(visits: Visits) -> None:
    """Tab reaches the switch and the text, the button counts, and where one is can be seen."""
    page = visits.open("/", scripts=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "text"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.insert_text(SENTENCE)
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Enter")
    expect(page.locator("[data-headline]")).to_contain_text("Cheapest")


def test_a_file_is_dropped(visits: Visits) -> None:
    """A file that is chosen or dropped becomes the text."""
    page = visits.open("/?models=gpt-4o")
    content = {"name": "a.txt", "mimeType": "text/plain", "buffer": SENTENCE.encode()}
    page.set_input_files("[data-file]", content)  # type: ignore[arg-type]  # a dictionary is a file to it
    expect(page.locator("[data-headline]")).to_contain_text("for 14 tokens")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["one"], "b.txt", { type: "text/plain" }));
        document.getElementById("text").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
    }""")
    expect(page.locator("[data-headline]")).to_contain_text("for 1 tokens")


def test_a_service_that_does_not_answer_is_told(visits: Visits) -> None:
    """The text stays, and a sentence says what to do."""
    page = visits.open("/?models=gpt-4o")
    slow = {"status": 429, "headers": {"Retry-After": "60"}, "body": "<p>Slow</p>"}
    page.route("**/playground", lambda route: route.fulfill(**slow))
    visits.expected_status = 429
    page.fill("#text", SENTENCE)
    expect(page.locator("#results")).to_contain_text("Slow")
    assert page.input_value("#text") == SENTENCE
