"""Keys of an account over HTTP: the cap in a race, and pages of a list that does not grow."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import update

from service.auth.accounts import ALL_SCOPES, MAX_LIVE_KEYS, MAX_NEW_KEYS
from service.console.keys import MAX_PAGE_KEYS
from service.storage.sql.tables import api_key
from tests.service.console.conftest import Console

pytestmark = pytest.mark.anyio

KEYS = "/api/gateway/keys"


async def test_the_cap_of_keys_holds_when_many_are_made_at_one_time(console: Console) -> None:
    """With room for five, of 25 requests at one time five get a key and the others a 409."""
    for _ in range(MAX_LIVE_KEYS - 5):
        await console.connections.accounts.create_key(console.account)
    session = await console.session()
    answers = await asyncio.gather(*(console.client.post(KEYS, headers=session, json={}) for _ in range(25)))
    assert Counter(answer.status_code for answer in answers) == {200: 5, 409: 20}


async def test_keys_cannot_be_made_and_revoked_for_ever(console: Console) -> None:
    """An account that created the maximum of keys within an hour, revoked ones too, has to wait for the next."""
    accounts = console.connections.accounts
    now = accounts.now()
    async with accounts.database.writing() as connection:
        for _ in range(MAX_NEW_KEYS):
            made = accounts.new_key(console.account, "", ALL_SCOPES, now, None)
            await accounts.insert_key(connection, made)
        await connection.execute(update(api_key).values(revoked_at=now))
    answer = await console.client.post(KEYS, headers=await console.session(), json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_new_keys")
    assert 3_500 <= int(answer.headers["Retry-After"]) <= 3_600


async def test_the_list_of_keys_comes_in_pages(console: Console) -> None:
    """A reply has a page of keys at most; together the pages have all, in order."""
    accounts = console.connections.accounts
    expected = [(await accounts.create_key(console.account)).key.id for _ in range(MAX_PAGE_KEYS + 7)]
    session = await console.session()
    first = (await console.client.get(KEYS, headers=session)).json()
    last = first["data"][-1]["id"]
    rest = (await console.client.get(f"{KEYS}?limit=50&after={last}", headers=session)).json()
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert len(first["data"]) == MAX_PAGE_KEYS
    assert [key["id"] for key in first["data"] + rest["data"]] == expected


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=%00", "after=key"])
async def test_a_page_that_cannot_be_asked_for(console: Console, query: str) -> None:
    """An invalid page parameter is a 400 that names it."""
    answer = await console.client.get(f"{KEYS}?{query}", headers=await console.session())
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]["message"]
