"""The playground with chats and requests: typed, pasted and dropped, with and without scripts, by keyboard alone."""

import base64
import json
import shlex
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.test_playground import HOSTILE
from tests.browser.visits import NARROW, WIDE, Visits, text_of
from tests.end_to_end.server import Server
from tests.tokenizer_registry.chat.test_image_sizes import FORMATS, png

MODELS = ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash")
PATH = "?" + "&".join(f"models={model}" for model in MODELS)
TOOL = {
    "type": "function",
    "function": {
        "name": "weigh",
        "description": "Weigh a lorry.",
        "parameters": {"type": "object", "properties": {"plate": {"type": "string"}}},
    },
}
PIXELS = bytes(range(256)) * 40
REQUESTS: dict[str, dict[str, Any]] = {
    "openai_chat": {"messages": [{"role": "user", "content": "Hello there"}], "tools": [TOOL]},
    "openai_responses": {"model": "gpt-4o", "instructions": "Be brief.", "input": "Hello there"},
    "anthropic_messages": {"system": "Be brief.", "messages": [{"role": "user", "content": "Hello there"}]},
    "gemini_contents": {"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]},
}
NAMES = {
    "openai_chat": "OpenAI Chat Completions",
    "openai_responses": "OpenAI Responses",
    "anthropic_messages": "Anthropic Messages",
    "gemini_contents": "Gemini generateContent",
}
DROP = """([selector, files]) => {
    const data = new DataTransfer();
    for (const [name, type, base64] of files) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        data.items.add(new File([bytes], name, { type }));
    }
    const event = { dataTransfer: data, bubbles: true, cancelable: true };
    document.querySelector(selector).dispatchEvent(new DragEvent("drop", event));
}"""
PASTE = """([selector, name, type, base64]) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name, { type }));
    const event = { clipboardData: data, bubbles: true, cancelable: true };
    document.querySelector(selector).dispatchEvent(new ClipboardEvent("paste", event));
}"""


def encoded(content: bytes) -> str:
    """Return bytes as base64."""
    return base64.b64encode(content).decode()


def counts_of(server: Server, **chat: Any) -> dict[str, int | None]:
    """Return what the API counts for the models."""
    body = {"type": "chat", "models": MODELS, "estimate": True, **chat}
    answer = httpx2.post(f"{server.url}/v1/tokens/count", json=body, headers={"X-Api-Key": server.demo_key}, timeout=60)
    return {entry["model"]: entry["token_count"] for entry in answer.raise_for_status().json()}


def shown_counts(page: Page) -> dict[str, int]:
    """Return the tokens that the table shows, by model."""
    rows = page.locator(".counts tbody tr")
    names = rows.locator("th a").evaluate_all("(links) => links.map((link) => link.getAttribute('href').slice(8))")
    cells = rows.locator("td:nth-child(3)").all_text_contents()
    return {name: int(cell.strip().replace(",", "")) for name, cell in zip(names, cells, strict=True)}


def copied_body(page: Page) -> dict[str, Any]:
    """Return the body of the call that the page copies for curl."""
    page.click("[data-copy=curl]")
    expect(page.locator("[data-copy=curl]")).to_have_text("Copied")
    words = shlex.split(page.evaluate("navigator.clipboard.readText()"))
    body: dict[str, Any] = json.loads(words[words.index("-d") + 1])
    return body


def message(page: Page, place: int) -> str:
    """Return the selector of the text of a message, from 0."""
    return f".message:nth-child({place + 1}) [name=content]"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_typed_chat_is_counted_as_the_api_does(visits: Visits, server: Server, size: tuple[int, int]) -> None:
    """Messages, a tool, a call and its result: the table has the API's numbers, and the parts add up."""
    page = visits.open(f"/{PATH}&mode=chat", size=size)
    page.fill(message(page, 0), "Be brief.")
    page.locator(message(page, 1)).press_sequentially("How heavy?")
    page.get_by_role("button", name="Add a message").click()
    expect(page.locator(message(page, 2))).to_be_focused()
    page.locator(".message").nth(2).get_by_role("button", name="Add a call").click()
    page.keyboard.type("weigh")
    page.fill("[name=arguments]", '{"plate": "HH"}')
    page.get_by_role("button", name="Add a message").click()
    page.locator(".message").nth(3).locator("select").select_option("tool")
    page.fill(message(page, 3), "18 t")
    page.fill("#tools", json.dumps([TOOL]))
    expect(page.locator(".legend")).to_contain_text("4 messages, 1 tool")
    expect(page.locator(".legend")).to_contain_text("Calls")
    body = copied_body(page)["openai_chat"]
    assert [each["role"] for each in body["messages"]] == ["system", "user", "assistant", "tool"]
    assert shown_counts(page) == counts_of(server, openai_chat=body)
    for row in page.locator(".by-part tbody tr").all():
        cells = [cell.replace("≈", "").replace(",", "") for cell in row.locator("td").all_inner_texts()]
        *parts, whole = [int(cell.split("\n")[-2 if "to" in cell else -1]) for cell in cells]
        assert sum(parts) == whole
    assert page.locator(".stack").first.get_attribute("aria-label")
    expect(page.locator("#announce")).to_contain_text("Cheapest")


def test_messages_are_moved_and_removed_by_keyboard(visits: Visits) -> None:
    """The button that moves a message keeps the focus, and what is announced and labelled follows."""
    page = visits.open("/?models=gpt-4o&mode=chat")
    page.fill(message(page, 0), "first")
    page.fill(message(page, 1), "second")
    page.get_by_role("button", name="Move up, message 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Move up, message 1")).to_be_focused()
    expect(page.locator("#announce")).to_contain_text("Message 1 now")
    assert page.locator("[name=content]").evaluate_all("(all) => all.map((each) => each.value)") == ["second", "first"]
    expect(page.locator("[data-headline]")).to_be_visible()
    assert [each["role"] for each in copied_body(page)["openai_chat"]["messages"]] == ["user", "system"]
    page.get_by_role("button", name="Remove, message 2").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove, message 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add a message")).to_be_focused()
    expect(page.locator(".empty")).to_be_visible()


def test_a_fault_is_beside_its_field_and_goes_with_it(visits: Visits) -> None:
    """The line is named, the results before it stay and say so, and what was typed is kept."""
    page = visits.open("/?models=gpt-4o&mode=chat")
    page.fill(message(page, 1), "Hello")
    expect(page.locator("[data-headline]")).to_contain_text("Cheapest")
    page.fill("#tools", '[\n{"type": "function"\n]')
    expect(page.locator("#tools-fault")).to_contain_text("is not JSON")
    expect(page.locator("#tools-fault")).to_contain_text("at line 3")
    expect(page.locator("#tools")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[data-headline]")).to_contain_text("Not counted.")
    expect(page.locator("#announce")).to_contain_text("is not JSON")
    page.click("[data-copy=curl]")
    expect(page.locator("#announce")).to_have_text("There is nothing counted yet")
    page.fill("#tools", json.dumps([TOOL]))
    expect(page.locator("[data-headline]")).to_contain_text("Cheapest")
    expect(page.locator("#tools-fault .fault")).to_be_hidden()
    assert page.locator("[aria-invalid]").count() == 0
    page.locator(".message").nth(1).get_by_role("button", name="Picture by size").click()
    expect(page.locator(".hint")).to_be_visible()
    expect(page.locator(".counts tbody tr")).to_contain_text("width")
    page.keyboard.type("-5")
    expect(page.locator(".message").nth(1).locator(".fault")).to_contain_text("from 1 to 1,000,000")
    assert page.input_value(message(page, 1)) == "Hello"


def test_a_picture_stays_in_the_browser(visits: Visits, server: Server) -> None:
    """Dropped, pasted or chosen, a picture is its width and height: no request has its bytes."""
    page = visits.open(f"/{PATH}&mode=chat")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    picture = png(1024, 768) + PIXELS
    page.evaluate(DROP, [message(page, 1), [["lorry.png", "image/png", encoded(picture)]]])
    expect(page.locator(".item")).to_have_count(1)
    page.evaluate(PASTE, ["#tools", "plate.png", "image/png", encoded(png(300, 200) + PIXELS)])
    expect(page.locator(".item")).to_have_count(2)
    page.set_input_files(
        ".message:nth-child(2) [data-pictures]",
        [{"name": "c.png", "mimeType": "image/png", "buffer": picture}],  # type: ignore[arg-type]  # as a file
    )
    expect(page.locator(".item-name")).to_have_text(["lorry.png", "plate.png", "c.png"])
    expect(page.locator(".legend")).to_contain_text("3 images")
    parts = copied_body(page)["openai_chat"]["messages"][0]["content"]
    sizes = [(part["image_url"]["width"], part["image_url"]["height"]) for part in parts]
    assert sizes == [(1024, 768), (300, 200), (1024, 768)]
    body = {"messages": [{"role": "user", "content": parts}]}
    assert shown_counts(page) == counts_of(server, openai_chat=body)
    assert sent
    assert max(map(len, sent)) < 1_000
    assert not any("lorry" in each for each in sent)


def test_a_picture_that_cannot_be_read_asks_for_its_size(visits: Visits) -> None:
    """A format without a known header, and a file that is no picture, are named in the message."""
    page = visits.open("/?models=gpt-4o&mode=chat")
    page.evaluate(DROP, ["body", [["a.avif", "image/avif", encoded(PIXELS)], ["b.txt", "text/plain", "eA=="]]])
    expect(page.locator(".item-name")).to_have_text("a.avif: its size could not be read, enter it")
    expect(page.locator(".counts tbody tr")).to_contain_text("width")
    expect(page.locator(".message").nth(1).locator(".fault")).to_contain_text("b.txt is no picture.")
    page.fill("[name=width]", "640")
    page.fill("[name=height]", "480")
    expect(page.locator(".counts tbody tr td:nth-child(3)")).to_have_text("432")


@pytest.mark.parametrize("build", FORMATS, ids=lambda build: build.__name__)
def test_sizes_are_read_as_the_service_reads_them(visits: Visits, build: Any) -> None:
    """Each format of the service has the same size in the page."""
    page = visits.open("/?models=gpt-4o&mode=chat")
    page.evaluate(DROP, ["body", [["a", "image/x", encoded(build(1200, 345) + PIXELS)]]])
    expect(page.locator("[name=width]")).to_have_value("1200")
    expect(page.locator("[name=height]")).to_have_value("345")


@pytest.mark.parametrize("shape", REQUESTS)
def test_a_pasted_request_is_counted_as_the_api_does(visits: Visits, server: Server, shape: str) -> None:
    """Every shape is recognised, named, counted and copied."""
    page = visits.open(f"/{PATH}&mode=request")
    page.fill("#request", json.dumps(REQUESTS[shape], indent=1))
    expect(page.locator(".legend")).to_contain_text(NAMES[shape])
    assert shown_counts(page) == counts_of(server, **{shape: REQUESTS[shape]})
    assert copied_body(page)[shape] == REQUESTS[shape]


@pytest.mark.parametrize("build", FORMATS, ids=lambda build: build.__name__)
def test_of_a_picture_in_a_request_the_header_is_sent(visits: Visits, server: Server, build: Any) -> None:
    """The count is that of the whole request, and the call that is copied has all of it."""
    data = encoded(build(1200, 345) + PIXELS)
    part = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    body = {"messages": [{"role": "user", "content": [part, {"type": "text", "text": "What is\nthis?"}]}]}
    page = visits.open(f"/{PATH}&mode=request")
    with page.expect_request("**/playground") as asked:
        page.fill("#request", json.dumps(body, indent=1))
    sent = parse_qs(asked.value.post_data or "")["request"][0]
    assert len(sent) < 600
    assert len(sent.splitlines()) == len(json.dumps(body, indent=1).splitlines())
    expect(page.locator(".legend")).to_contain_text("1 image")
    assert shown_counts(page) == counts_of(server, anthropic_messages=body)
    assert copied_body(page)["anthropic_messages"] == body


def test_a_fault_of_a_request_has_its_line(visits: Visits) -> None:
    """An unknown role and an unknown shape are sentences beside the field; a dropped file is the request."""
    page = visits.open("/?models=gpt-4o&mode=request")
    page.fill("#request", '{"messages": [\n  {"role": "user", "content": "Hi"},\n  {"role": "oracle"}\n]}')
    expect(page.locator("#request-fault")).to_contain_text("Line 3: messages[1].role must be one of")
    page.fill("#request", '{"prompt": "Hi"}')
    expect(page.locator("#request-fault")).to_contain_text("it needs messages, input or contents")
    content = json.dumps(REQUESTS["gemini_contents"]).encode()
    page.evaluate(DROP, ["#request", [["r.json", "application/json", encoded(content)]]])
    expect(page.locator(".legend")).to_contain_text("Gemini")


def test_ten_thousand_messages_are_counted(visits: Visits) -> None:
    """A request may be as long as the API takes it, while the form for chats has a bound and says so."""
    page = visits.open("/?models=gpt-4o&mode=request")
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}] * 5_000
    page.fill("#request", json.dumps({"messages": turns}))
    expect(page.locator(".legend")).to_contain_text("10,000 messages", timeout=60_000)
    page.get_by_role("radio", name="Chat").check(force=True)
    page.fill(message(page, 1), "Hi")
    page.evaluate("""() => {
        const add = document.querySelector("[value=add]");
        for (let made = 0; made < 200; made += 1) add.click();
    }""")
    expect(page.locator("[data-fault=messages]")).to_contain_text("at most 200 messages")
    assert page.input_value(message(page, 1)) == "Hi"


def test_what_is_typed_stays_in_its_panel(visits: Visits) -> None:
    """The switch turns by arrow keys, nothing typed is lost, only the chosen panel is sent, and no link has it."""
    page = visits.open("/?models=gpt-4o")
    page.fill("#text", "secret text")
    expect(page.locator("[data-headline]")).to_be_visible()
    page.get_by_role("radio", name="Text").focus()
    with page.expect_request("**/playground") as asked:
        page.keyboard.press("ArrowRight")
    assert "secret" not in (asked.value.post_data or "")
    expect(page.locator(".empty")).to_be_visible()
    page.fill(message(page, 1), "secret chat")
    expect(page.locator("[data-headline]")).to_be_visible()
    page.click("[data-copy=link]")
    expect(page.locator("[data-copy=link]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{visits.url}/?mode=chat&models=gpt-4o"
    assert page.url == f"{visits.url}/?mode=chat&models=gpt-4o"
    page.get_by_role("radio", name="Chat").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".token-text")).to_have_text("secret text")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".legend")).to_contain_text("1 message")
    page.get_by_role("button", name="Try an example").click()
    page.wait_for_load_state()
    expect(page.locator(".legend")).to_contain_text("4 messages, 1 tool, 1 image")
    assert page.input_value("#text") == "secret text"


def test_a_hostile_chat_is_text(visits: Visits) -> None:
    """Markup in messages, names and tools is shown as it is, copied as it is, and nothing of it runs."""
    page = visits.open("/?models=gpt-4o&mode=chat")
    tool = json.loads(json.dumps(TOOL).replace("Weigh a lorry.", json.dumps(HOSTILE)[1:-1]))
    page.fill(message(page, 1), HOSTILE)
    page.fill("#tools", json.dumps([tool]))
    expect(page.locator(".legend")).to_contain_text("1 tool")
    body = copied_body(page)["openai_chat"]
    assert (body["messages"][0]["content"], body["tools"]) == (HOSTILE, [tool])
    page.get_by_role("radio", name="Request").check(force=True)
    page.fill("#request", json.dumps({"messages": [{"role": HOSTILE}]}))
    expect(page.locator("#request-fault")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("main img, main form script, main form b").count() == 0


@pytest.mark.parametrize("fault", ["dead", "limit"])
def test_a_service_that_does_not_answer_keeps_the_chat(visits: Visits, fault: str) -> None:
    """A sentence says what is wrong, and messages and tools are still there."""

    def answer(route: Route) -> None:
        if fault == "dead":
            route.abort()
        else:
            body = '<p class="notice bad">You have used all counts.</p>'
            route.fulfill(status=429, headers={"Retry-After": "600"}, body=body)

    page = visits.open("/?models=gpt-4o&mode=chat")
    visits.expected_failure, visits.expected_status = "net::ERR_FAILED", 429
    page.route("**/playground", answer)
    page.fill(message(page, 1), "Hello")
    page.fill("#tools", "[]")
    expect(page.locator("#results")).to_contain_text("unreachable" if fault == "dead" else "used all counts")
    assert (page.input_value(message(page, 1)), page.input_value("#tools")) == ("Hello", "[]")


def test_without_scripts_the_form_edits_and_counts(visits: Visits) -> None:
    """Buttons add, move and remove on the server, which keeps what was typed in all panels."""
    page = visits.open("/?models=gpt-4o&mode=chat", scripts=False)
    page.fill(message(page, 1), "Look at\nthis")
    page.get_by_role("button", name="Picture by size").click()
    page.fill("[name=width]", "800")
    page.fill("[name=height]", "600")
    page.get_by_role("button", name="Add a message").click()
    page.fill(message(page, 2), "I see.")
    page.get_by_role("button", name="Move up, message 2").click()
    page.get_by_role("button", name="Remove, message 2").click()
    assert page.input_value(message(page, 0)) == "Look at\nthis"
    page.fill("#tools", "[1]")
    page.click("button.main")
    assert text_of(page, "#tools-fault") == "Line 1: tools[0] must be an object."
    assert page.input_value("#tools") == "[1]"
    page.fill("#tools", "")
    page.click("button.main")
    expect(page.locator(".legend")).to_contain_text("2 messages, 1 image")
    assert page.get_by_role("link", name="Link to this selection").get_attribute("href") == "/?mode=chat&models=gpt-4o"
    page.get_by_role("radio", name="Request").check(force=True)
    page.fill("#request", json.dumps(REQUESTS["gemini_contents"]))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".legend")).to_contain_text("Gemini")
    page.get_by_role("radio", name="Chat").check(force=True)
    assert page.input_value(message(page, 0)) == "Look at\nthis"
