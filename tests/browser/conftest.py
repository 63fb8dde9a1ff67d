"""One real server and one real browser; whatever the browser complains of fails the test.

Playwright keeps an event loop in the main thread while it runs: it ends with each file, before other tests.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.chromium import MISSING, OPTIONS, chromium
from tests.browser.seeded import EMAIL, make_user, spend
from tests.browser.visits import Visits
from tests.end_to_end.server import PASSWORD, Server, running

HERE = Path(__file__).parent
SETTINGS = {
    "RATE_LIMIT_PER_SECOND": "100",
    "PLAYGROUND_CALLS_PER_SECOND": "100",
    "PLAYGROUND_CALLS_PER_MONTH": "100000",
    "CREDIT_WELCOME_INR": "25000",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser there is nothing to test; the summary says so."""
    if chromium() is None:
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a console account that has a past."""
    data_dir = tmp_path_factory.mktemp("pages") / "data"
    with running(data_dir, SETTINGS) as started:
        make_user(started)
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(asyncio.run, spend(data_dir)).result()
        yield started


@pytest.fixture(scope="module")
def browser(server: Server) -> Iterator[Browser]:
    """A Chromium for the tests of one file."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=[*OPTIONS])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: Server) -> list[dict[str, object]]:
    """The cookies of somebody who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/console")
    page.fill("#email", EMAIL)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".tabs")
    cookies = [dict(cookie) for cookie in context.cookies()]
    context.close()
    return cookies


@pytest.fixture
def visits(browser: Browser, server: Server, signed_in: list[dict[str, object]]) -> Iterator[Visits]:
    """Opens pages; at the end there was no complaint."""
    opened = Visits(browser, server.url, signed_in)
    yield opened
    opened.close()
    assert opened.complaints == []
