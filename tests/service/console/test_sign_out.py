"""An ended session is refused everywhere, and an API token is not accepted as a cookie of the pages."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import func, select

from pricing_data import PriceBook
from service.app import create_app
from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_users import SqlUserStore
from service.connections import Addresses, Connections
from service.runtime.settings_loading import load
from service.storage.sql.tables import ended_session
from tests.service.clocks import Clock
from tests.service.console.conftest import PASSWORD, Console
from tests.service.storage.databases import PEPPERS
from tokenizer_registry import Registry

pytestmark = pytest.mark.anyio

SESSION, KEYS, PAGE = "/api/console/session", "/api/gateway/keys", "/console"
OURS = {"Sec-Fetch-Site": "same-origin"}
NO_REDIS = "redis://127.0.0.1:1/0"


async def cookie_of(console: Console) -> str:
    """Return the cookie of a user who signs in at the page."""
    form = {"email": console.user.email, "password": PASSWORD}
    answer = await console.client.post("/console/sign-in", data=form, headers=OURS)
    console.client.cookies.clear()
    return answer.headers["Set-Cookie"].partition(";")[0]


async def is_signed_in(client: httpx2.AsyncClient, cookie: str) -> bool:
    """Whether the console's page is shown for this cookie, and not the form for signing in."""
    answer = await client.get(PAGE, headers={"Cookie": cookie})
    client.cookies.clear()
    assert answer.status_code == 200
    return "/console/sign-out" in answer.text


async def test_an_ended_session_of_the_api_is_over(console: Console) -> None:
    """After DELETE the token is a 401, also for a second DELETE; another session of the user goes on."""
    ended, other = await console.session(), await console.session()
    answer = await console.client.delete(SESSION, headers=ended)
    assert (answer.status_code, answer.json()) == (200, {"object": "session.deleted", "deleted": True})
    for again in (await console.client.get(KEYS, headers=ended), await console.client.delete(SESSION, headers=ended)):
        assert (again.status_code, again.json()["error"]["code"]) == (401, "invalid_session")
    assert (await console.client.get(KEYS, headers=other)).status_code == 200
    assert (await console.client.delete(SESSION)).json()["error"]["code"] == "missing_session"


async def test_signing_out_ends_every_cookie_of_the_session(console: Console) -> None:
    """Neither the cookie that was sent nor one that was renewed meanwhile opens a page; another sign-in does."""
    first, other = await cookie_of(console), await cookie_of(console)
    page = await console.client.get(PAGE, headers={"Cookie": first})
    renewed = page.headers["Set-Cookie"].partition(";")[0]
    console.client.cookies.clear()
    assert await is_signed_in(console.client, renewed)
    await console.client.post("/console/sign-out", headers={"Cookie": first, **OURS})
    console.client.cookies.clear()
    assert [await is_signed_in(console.client, cookie) for cookie in (first, renewed, other)] == [False, False, True]


async def test_other_processes_know_it_without_redis(console: Console) -> None:
    """Another process, which cannot reach Redis, refuses the token and the cookie from the next request on."""
    session, cookie = await console.session(), await cookie_of(console)
    addresses = Addresses(NO_REDIS, console.connections.database.url, PEPPERS)
    connections = Connections(addresses, limits_without_redis="local")
    app = create_app(load({}).settings, connections, Registry.from_package(), PriceBook.from_package())
    async with connections.open(), httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://other"
    ) as other:  # fmt: skip
        assert (await other.get(KEYS, headers=session)).status_code == 200
        assert await is_signed_in(other, cookie)
        await console.client.delete(SESSION, headers=session)
        await console.client.post("/console/sign-out", headers={"Cookie": cookie, **OURS})
        assert (await other.get(KEYS, headers=session)).status_code == 401
        assert not await is_signed_in(other, cookie)


@pytest.mark.promise(18)
async def test_a_token_of_the_api_is_no_cookie_and_a_cookie_no_token(console: Console) -> None:
    """Each is refused in the other's place."""
    session, cookie = await console.session(), await cookie_of(console)
    token = session["Authorization"].removeprefix("Bearer ")
    name, _, value = cookie.partition("=")
    assert not await is_signed_in(console.client, f"{name}={token}")
    answer = await console.client.get(KEYS, headers={"Authorization": f"Bearer {value}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_session")


async def test_ended_sessions_are_forgotten_when_their_tokens_are_over(console: Console) -> None:
    """Ended sessions are deleted after their tokens expire, and ending one twice is no error."""
    clock = Clock()
    users = SqlUserStore(console.connections.database, clock.now)
    for number in range(3):
        await users.end_session(f"{number}", clock.now() + timedelta(minutes=20))
        await users.end_session(f"{number}", clock.now() + timedelta(minutes=20))
    assert await users.find_session_user(console.user.id, "2") is None
    clock.advance(timedelta(minutes=21).total_seconds())
    await users.end_session("later", clock.now() + timedelta(minutes=20))
    assert await ended(console.connections.accounts) == 1


async def ended(store: SqlAccountStore) -> int:
    """Return the number of ended sessions in the database."""
    async with store.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(ended_session))).scalar_one())
