"""The usage look-up with a session of the console instead of a key."""

import json
from datetime import timedelta
from itertools import count

import httpx2
import jwt
import pytest

from service.auth.sessions import ALGORITHM, API_AUDIENCE, ISSUER, Sessions, session_key
from service.auth.users import User
from service.runtime.clock import utc_now
from tests.service.gateway.served_gateway import Caller, Gateway
from tests.service.storage.databases import PEPPERS

USAGE = "/api/gateway/usage"
NUMBERS = count()


def user_of(caller: Caller) -> User:
    """Create a console user of the caller's account."""
    users = caller.gateway.connections.users
    made = caller.gateway.run(users.create_user(f"user-{next(NUMBERS)}@example.org", caller.account_id, "no hash"))
    assert made is not None
    return made


def session_of(user: User, lifetime: timedelta = timedelta(minutes=1)) -> str:
    """Return a session token as a login issues it."""
    return Sessions(PEPPERS, utc_now, lifetime).issue(user)


def forged(user: User, **changes: object) -> str:
    """Return a token signed with the real key, with other claims."""
    now = int(utc_now().timestamp())
    claims = {"iss": ISSUER, "aud": API_AUDIENCE, "sub": user.id, "gen": user.generation, "sid": "a" * 32}
    claims |= {"iat": now, "exp": now + 60}
    return jwt.encode({**claims, **changes}, session_key(PEPPERS.newest), ALGORITHM)


def looked_up(gateway: Gateway, token: str, path: str = USAGE, **headers: str) -> httpx2.Response:
    """Return the response to a look-up with this bearer token."""
    return httpx2.get(f"{gateway.url}{path}", headers={"Authorization": f"Bearer {token}", **headers})


def test_a_session_sees_all_keys_of_its_account(gateway: Gateway, caller: Caller) -> None:
    """The calls of both keys come newest first with their key's id, page by page, and each is found by its id."""
    second = gateway.caller(account_id=caller.account_id)
    made = [one.chat().json()["id"] for one in (caller, second, caller, second)]
    token = session_of(user_of(caller))
    page = looked_up(gateway, token).json()
    assert [call["id"] for call in page["data"]] == made[::-1]
    assert [call["key_id"] for call in page["data"]] == [second.key_id, caller.key_id] * 2
    assert page["credit_balance_inr"] == "99.9910"
    first = looked_up(gateway, token, f"{USAGE}?limit=3").json()
    rest = looked_up(gateway, token, f"{USAGE}?limit=3&before={first['data'][-1]['id']}").json()
    assert [call["id"] for call in first["data"] + rest["data"]] == made[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    found = [looked_up(gateway, token, f"{USAGE}/{call_id}").json() for call_id in made]
    assert [call["id"] for call in found] == made


def test_a_session_sees_no_other_account(gateway: Gateway, caller: Caller) -> None:
    """A user of another account finds neither the call nor the balance."""
    call_id = caller.chat().json()["id"]
    token = session_of(user_of(gateway.caller(micro_inr=0)))
    page = looked_up(gateway, token).json()
    assert (page["data"], page["credit_balance_inr"]) == ([], "0.0000")
    assert looked_up(gateway, token, f"{USAGE}/{call_id}").status_code == 404


@pytest.mark.promise(16)
def test_tokens_that_are_no_session(gateway: Gateway, caller: Caller) -> None:
    """Tokens of another audience, issuer, password generation or signature, and expired ones, get the same 401."""
    user = user_of(caller)
    past = int(utc_now().timestamp()) - 3600
    tokens = [
        forged(user, aud="weighbridge"),
        forged(user, iss="somebody"),
        forged(user, iat=past, exp=past + 60),
        forged(user, gen=user.generation + 1),
        forged(user, sub="usr_nobody"),
        session_of(user)[:-4] + "AAAA",
        session_of(user, timedelta(hours=-1)),
        "a.b.c",
    ]
    answers = [looked_up(gateway, token) for token in tokens]
    assert [answer.status_code for answer in answers] == [401] * len(tokens)
    assert {answer.content for answer in answers} == {answers[0].content}
    assert json.loads(answers[0].content)["error"]["code"] == "invalid_session"
    assert looked_up(gateway, forged(user)).status_code == 200


@pytest.mark.promise(16)
def test_a_session_is_no_key(gateway: Gateway, caller: Caller) -> None:
    """A session cannot call chats or models, and is refused together with a key, which may be another account's."""
    token = session_of(user_of(caller))
    bearer = {"Authorization": f"Bearer {token}"}
    models = httpx2.get(f"{gateway.url}/v1/models", headers=bearer)
    in_header = httpx2.get(f"{gateway.url}{USAGE}", headers={"X-API-Key": token})
    both = looked_up(gateway, token, **{"X-API-Key": caller.secret})
    assert [one.json()["error"]["code"] for one in (models, in_header, both)] == [
        "invalid_key_format",
        "invalid_key_format",
        "invalid_api_key",
    ]


@pytest.mark.promise(16)
@pytest.mark.parametrize("path", ["/api/gateway/keys", "/api/gateway/keys/key_1"])
def test_a_key_is_no_session(gateway: Gateway, caller: Caller, path: str) -> None:
    """An API key cannot list or revoke keys."""
    call = httpx2.get if path.endswith("keys") else httpx2.delete
    answer = call(f"{gateway.url}{path}", headers=caller.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_session")
