"""The console: signing in, keys, use, credit, and what keeps others out."""

import csv
import io

import httpx2
import pytest
from playwright.sync_api import expect

from tests.browser.seeded import CHARGED_NAMES, EMAIL, HOSTILE_NAME
from tests.browser.visits import NARROW, WIDE, Visits
from tests.end_to_end.server import PASSWORD, Server

FORM = {"email": EMAIL, "password": PASSWORD}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_key_from_its_creation_to_its_end(
    visits: Visits, server: Server, size: tuple[int, int], scripts: bool
) -> None:
    """A key is shown once, works, and is refused after it was revoked, which is asked twice."""
    page = visits.open("/console/keys", size=size, scripts=scripts, with_session=True)
    name = f"key {size[0]} {scripts}"
    page.fill("[name=name]", name)
    page.click("text=Create key")
    secret = page.text_content("#secret") or ""
    headers = {"X-Api-Key": secret}
    if scripts:
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == secret
    assert httpx2.get(f"{server.url}/v1/tokens/authors", headers=headers).status_code == 200
    page.goto(f"{server.url}/console/keys")
    assert secret not in page.content()
    page.get_by_role("row", name=name).get_by_role("link", name="Revoke").click()
    page.click("text=Revoke key")
    expect(page.get_by_role("row", name=name)).to_contain_text("revoked")
    assert httpx2.get(f"{server.url}/v1/tokens/authors", headers=headers).status_code == 401


def test_signing_in_by_keyboard_and_out(visits: Visits) -> None:
    """A wrong password is reported and keeps the e-mail; the right one signs in; after signing out nothing is left."""
    page = visits.open("/console/keys", expected_status=401)
    page.focus("#email")
    page.keyboard.type(EMAIL)
    page.keyboard.press("Tab")
    page.keyboard.type("not the password at all")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("E-mail or password is wrong.")
    assert page.input_value("#email") == EMAIL
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".tabs")).to_be_visible()
    assert page.url.endswith("/console/keys")
    page.click("text=Sign out")
    page.goto(f"{visits.url}/console/statement")
    expect(page.locator("#password")).to_be_visible()


def test_the_overview_tells_use_and_credit(visits: Visits) -> None:
    """Credit, calls of the month, spend by day and by key are there; a key's name is text whatever is in it."""
    page = visits.open("/console", with_session=True)
    assert "₹" in (page.locator(".facts dd").first.text_content() or "")
    assert page.locator(".chart .column").count() == 30
    rows = page.locator("table tbody tr").all_text_contents()
    assert len(rows) == len(CHARGED_NAMES)
    page.goto(f"{visits.url}/console/keys")
    assert page.locator("bdi", has_text=HOSTILE_NAME).is_visible()


def test_the_statement_and_its_export(visits: Visits, signed_in: list[dict[str, object]]) -> None:
    """The page shows every movement; the export has them all, and nothing in it is a formula."""
    page = visits.open("/console/statement", with_session=True)
    shown = page.locator("tbody tr").count()
    with page.expect_download() as download:
        page.click("text=Download all as CSV")
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert len(rows) == shown
    assert sum(row["kind"] == "welcome" for row in rows) == 1
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row.values())
    total = sum(float(row["amount_inr"]) for row in rows)
    assert 24_000 < total < 25_000


def test_the_cookie_is_kept_from_scripts_and_other_sites(visits: Visits, signed_in: list[dict[str, object]]) -> None:
    """HttpOnly and SameSite: no script reads it, no other site's page sends it."""
    (session,) = (cookie for cookie in signed_in if cookie["name"] == "weighbridge_session")
    assert (session["httpOnly"], session["sameSite"], session["path"]) == (True, "Strict", "/console")
    page = visits.open("/console", with_session=True)
    assert "weighbridge_session" not in page.evaluate("document.cookie")


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
@pytest.mark.parametrize("path", ["/console/sign-in", "/console/sign-out", "/console/keys", "/", "/playground"])
def test_forms_of_other_pages_are_refused(
    server: Server, signed_in: list[dict[str, object]], path: str, headers: dict[str, str]
) -> None:
    """Whatever would change something has to come from a page of the service, cookie or not."""
    cookies = {str(cookie["name"]): str(cookie["value"]) for cookie in signed_in}
    with httpx2.Client(base_url=server.url, cookies=cookies) as client:
        answer = client.post(path, data={**FORM, "name": "x", "scopes": "tokens", "input": "x"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "é.é", "\xff" * 50, "a" * 5_000])
def test_cookies_that_are_not_ours(server: Server, value: str) -> None:
    """An invented cookie is ignored: the console asks to sign in, the playground issues a new cookie."""
    headers = [(b"cookie", f"weighbridge_session={value}; weighbridge_visitor={value}".encode("latin-1"))]
    console = httpx2.get(f"{server.url}/console", headers=headers)
    assert (console.status_code, "Sign in" in console.text) == (200, True)
    assert "weighbridge_visitor=" in httpx2.get(f"{server.url}/", headers=headers).headers["set-cookie"]
