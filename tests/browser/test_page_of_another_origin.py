"""Pages of other origins call the service with the headers of OpenAI's SDK; `make clients` tries the SDK itself."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, fake_upstream
from tests.served import served

# Those of OpenAI's SDK for JavaScript (7.55.0) in a page, and those by which OpenRouter's callers name themselves.
SDK_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "HTTP-Referer": "https://app.example",
    "X-Stainless-Arch": "unknown",
    "X-Stainless-Helper-Method": "chat.completions.stream",
    "X-Stainless-Lang": "js",
    "X-Stainless-OS": "Unknown",
    "X-Stainless-Package-Version": "7.55.0",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Runtime": "browser:chrome",
    "X-Stainless-Runtime-Version": "142.0.0",
    "X-Stainless-Timeout": "600",
    "X-Title": "A page",
}
CALL = """async ([url, headers, body]) => {
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}"""
BILLING = ("x-credit-balance-inr", "x-credit-spent-inr", "x-request-cost-inr", "x-tokens-input", "x-tokens-output")
LIMITS = ("x-rate-limit-remaining-calls", "x-quota-limit-total-calls")


async def _empty(request: Request) -> HTMLResponse:
    return HTMLResponse("<!doctype html><title>page</title>")


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Where a page of somebody else's is."""
    with served(Starlette(routes=[Route("/", _empty)])) as pages:
        yield pages.url


@pytest.fixture(scope="module")
def gateway(origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway that permits pages of that origin, and no others."""
    with fake_upstream() as upstream:
        settings = {**SETTINGS, "UPSTREAM_URL": upstream.url, "UPSTREAM_MODEL": MODEL, "CORS_ORIGINS": origin}
        with running(tmp_path_factory.mktemp("crossed") / "data", settings) as started:
            yield started


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    """A page of that origin."""
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(origin)
    yield opened
    context.close()


def call(page: Page, server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a page gets, which it may read."""
    headers = {**SDK_HEADERS, "Authorization": f"Bearer {server.demo_key}"}
    said: dict[str, Any] = page.evaluate(CALL, [server.url + path, headers, body])
    return said


@pytest.mark.parametrize("stream", [False, True])
def test_a_page_may_chat_with_the_headers_of_the_sdk(page: Page, gateway: Server, stream: bool) -> None:
    """The browser lets the call pass, and the page reads the answer and what it has cost."""
    body = {"model": "cipher", "messages": [{"role": "user", "content": "Hello"}], "stream": stream}
    answer = call(page, gateway, "/v1/chat/completions", body)
    assert (answer["status"], "Hello" in answer["text"]) == (200, True)
    # The cost of a stream is in its last chunks.
    expected = BILLING if not stream else ("x-credit-balance-inr", "x-tokens-input")
    assert [name for name in expected if name not in answer["headers"]] == []


def test_a_page_sees_its_limits(page: Page, gateway: Server) -> None:
    """The headers of the token API can be read too."""
    answer = call(page, gateway, "/v1/tokens/count", {"input": "Hello", "type": "text", "models": ["gpt-4o"]})
    assert answer["status"] == 200
    assert [name for name in LIMITS if name not in answer["headers"]] == []


def test_a_page_sees_why_it_is_refused(page: Page, gateway: Server) -> None:
    """A refusal can be read as well as an answer."""
    answer = call(page, gateway, "/v1/chat/completions", {"model": "other", "messages": []})
    assert answer["status"] in (400, 404)
    assert "error" in answer["text"]
