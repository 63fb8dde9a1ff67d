"""Logging in, and the keys of an account, over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from service.auth.accounts import MAX_LIVE_KEYS, KeyRefusal, Principal
from service.auth.keys import has_valid_checksum, new_secret
from service.auth.login_attempts import MAX_BY_PAIR
from service.auth.passwords import MAX_WAITING, Passwords, TooBusy
from service.auth.sessions import Sessions
from tests.service.console.conftest import PASSWORD, Console
from tests.service.storage.databases import PEPPERS

pytestmark = pytest.mark.anyio

KEYS = "/api/gateway/keys"


def error(status: int, code: str, kind: str = "authentication_error") -> tuple[int, str, str]:
    """Return the expected status, code and type of an error."""
    return status, kind, code


def told(answer: Any) -> tuple[int, str, str]:
    """Return status, code and type of a reply, whose body must have the gateway's shape."""
    body = answer.json()
    assert list(body) == ["error"]
    assert list(body["error"]) == ["message", "type", "code"]
    return answer.status_code, body["error"]["type"], body["error"]["code"]


async def test_a_password_gives_a_session(console: Console) -> None:
    """The right password gives a bearer token for a quarter of an hour, which no cache may keep."""
    answer = await console.log_in(" Ada@Example.ORG ")
    body = answer.json()
    assert (answer.status_code, body["token_type"], body["expires_in"]) == (200, "Bearer", 900)
    assert "no-store" in answer.headers["Cache-Control"]
    assert (await console.client.get(KEYS, headers=await console.session())).status_code == 200


async def test_a_wrong_password_and_an_unknown_user_look_alike(console: Console) -> None:
    """Both are the same 401 to the byte; their cost is the same by construction, for both verify one hash."""
    wrong, unknown = await console.log_in(password="wrong password"), await console.log_in("eve@example.org")
    assert told(wrong) == told(unknown) == error(401, "invalid_credentials")
    assert wrong.content == unknown.content


async def test_guessing_ends(console: Console) -> None:
    """After the maximum of wrong passwords even the right one has to wait; the reply says how long."""
    for _ in range(MAX_BY_PAIR):
        assert (await console.log_in(password="wrong password")).status_code == 401
    answer = await console.log_in()
    assert told(answer) == error(429, "too_many_attempts", "rate_limit_error")
    assert 1 <= int(answer.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "object"),
        ({"email": "ada@example.org"}, "password: must be a string"),
        ({"email": 1, "password": "x"}, "email: must be a string"),
        ({"email": "ada", "password": "x"}, "email: 'ada' is not an e-mail address"),
        ({"email": "ada@example.org", "password": "x" * 1025}, "at most 1024"),
        ({"email": "ada@example.org", "password": "x", "otp": 1}, '"otp" is not a property'),
    ],
)
async def test_a_login_that_is_none(console: Console, body: Any, sentence: str) -> None:
    """A login without an e-mail and a password is a 400 that names the fault."""
    answer = await console.client.post("/api/console/session", json=body)
    assert told(answer) == error(400, "invalid_request", "invalid_request_error")
    assert sentence in answer.json()["error"]["message"]


async def test_a_key_is_made_shown_once_and_revoked(console: Console) -> None:
    """Only the reply to its creation has the secret; a revoked key is refused immediately and marked in the list."""
    session = await console.session()
    ends = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    wanted = {"name": "build", "scopes": ["tokens"], "expires_at": ends}
    created = await console.client.post(KEYS, headers=session, json=wanted)
    made = created.json()
    secret = made.pop("value")
    assert (created.status_code, has_valid_checksum(secret)) == (200, True)
    assert "no-store" in created.headers["Cache-Control"]
    assert {name: made[name] for name in wanted} == wanted
    assert made["redacted_value"] == f"atms_sk_...{secret[-4:]}"
    listed = await console.client.get(KEYS, headers=session)
    assert listed.json() == {"object": "list", "data": [made], "has_more": False}
    assert secret[8:-4] not in listed.text
    authenticate = console.connections.authenticator.authenticate
    assert isinstance(await authenticate(secret), Principal)
    for _ in range(2):
        deleted = await console.client.delete(f"{KEYS}/{made['id']}", headers=session)
        assert deleted.json() == {"id": made["id"], "object": "api_key.deleted", "deleted": True}
    async with asyncio.timeout(3):  # the cache alone would take longer
        while await authenticate(secret) is not KeyRefusal.REVOKED:  # noqa: ASYNC110  no event reports it
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[]", "object"),
        ("{", "not JSON"),
        ('{"label":"x"}', '"label" is not a property'),
        ('{"name":1}', "name: must be a string"),
        ('{"name":"a\\nb"}', "name: "),
        ('{"scopes":[]}', "scopes: "),
        ('{"scopes":"tokens"}', "scopes: "),
        ('{"scopes":["billing"]}', "scopes: "),
        ('{"scopes":[["tokens"]]}', "scopes: "),
        ('{"expires_at":1}', "expires_at: "),
        ('{"expires_at":true}', "expires_at: "),
        ('{"expires_at":1e9}', "expires_at: "),
        ('{"expires_at":99999999999999999999}', "expires_at: "),
    ],
)
async def test_a_key_that_cannot_be_made(console: Console, body: str, sentence: str) -> None:
    """A wrong property is a 400 that names it, and no key is made."""
    headers = {**await console.session(), "Content-Type": "application/json"}
    answer = await console.client.post(KEYS, headers=headers, content=body.encode())
    assert told(answer) == error(400, "invalid_request", "invalid_request_error")
    assert sentence in answer.json()["error"]["message"]
    assert await console.connections.accounts.list_keys() == []


async def test_keys_of_others_are_not_found(console: Console) -> None:
    """Another account's key is neither listed nor revoked, and looks like one that does not exist."""
    accounts = console.connections.accounts
    other = await accounts.create_key(await accounts.get_or_create_account("Bob"))
    session = await console.session()
    for reference in (other.key.id, "key_none", other.secret, other.key.shown):
        answer = await console.client.delete(f"{KEYS}/{reference}", headers=session)
        assert told(answer) == error(404, "key_not_found", "invalid_request_error")
    assert (await console.client.get(KEYS, headers=session)).json()["data"] == []
    assert isinstance(await console.connections.authenticator.authenticate(other.secret), Principal)


async def test_an_account_has_so_many_keys(console: Console) -> None:
    """One key above the maximum of live keys is a 409; revoking one makes room."""
    made = [await console.connections.accounts.create_key(console.account) for _ in range(MAX_LIVE_KEYS)]
    session = await console.session()
    assert told(await console.client.post(KEYS, headers=session, json={})) == error(
        409, "too_many_keys", "invalid_request_error"
    )
    await console.client.delete(f"{KEYS}/{made[0].key.id}", headers=session)
    assert (await console.client.post(KEYS, headers=session, json={})).status_code == 200


async def test_what_is_no_session(console: Console) -> None:
    """No token, an API key in any place, a changed token and two tokens are 401; a session token is no API key."""
    secret = (await console.connections.accounts.create_key(console.account)).secret
    session = await console.session()
    assert told(await console.client.get(KEYS)) == error(401, "missing_session")
    assert told(await console.client.get(KEYS, headers={"X-Api-Key": secret})) == error(401, "missing_session")
    assert told(await console.client.get(f"{KEYS}?api-key={secret}")) == error(401, "missing_session")
    refused = [
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"Bearer {new_secret()}"},
        {"Authorization": session["Authorization"] + "A"},
        {"Authorization": "Bearer é"},
    ]
    for headers in refused:
        answer = await console.client.get(KEYS, headers=[(k.encode(), v.encode()) for k, v in headers.items()])
        assert told(answer) == error(401, "invalid_session")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    both = [("Authorization", session["Authorization"]), ("Authorization", f"Bearer {secret}")]
    assert told(await console.client.get(KEYS, headers=both)) == error(401, "invalid_session")
    assert (await console.client.get("/v1/tokens/authors", headers=session)).status_code == 401


async def test_sessions_end_with_the_password_and_the_user(console: Console) -> None:
    """A new password ends the sessions of the old one, and a deleted user has none."""
    users = console.connections.users
    session = await console.session()
    assert (await console.client.get(KEYS, headers=session)).status_code == 200
    changed = await users.set_password(console.user.email, console.user.password_hash)
    assert changed is not None
    assert told(await console.client.get(KEYS, headers=session)) == error(401, "invalid_session")
    fresh = {"Authorization": f"Bearer {Sessions(PEPPERS, lambda: datetime.now(UTC)).issue(changed)}"}
    assert (await console.client.get(KEYS, headers=fresh)).status_code == 200
    assert await users.delete_user(console.user.email)
    assert told(await console.client.get(KEYS, headers=fresh)) == error(401, "invalid_session")


async def test_passwords_are_verified_a_few_at_a_time() -> None:
    """Logins above the number that may wait are refused, so that memory stays bounded."""
    passwords = Passwords(PasswordHasher(1, 8, 1))
    hashed = await passwords.hash(PASSWORD)
    outcomes = await asyncio.gather(
        *(passwords.verify(hashed, PASSWORD) for _ in range(2 * MAX_WAITING)), return_exceptions=True
    )
    assert [outcome for outcome in outcomes if outcome is True] == [True] * MAX_WAITING
    assert {type(outcome) for outcome in outcomes if outcome is not True} == {TooBusy}
    assert not await passwords.verify(None, "nobody's password")
    assert not await passwords.verify("not a hash", PASSWORD)


@pytest.mark.parametrize("place", ["query", "body"])
async def test_a_key_is_revoked_by_its_id_in_query_or_body(console: Console, place: str) -> None:
    """DELETE of the list's own path takes the id that a client has in hand."""
    session = await console.session()
    made = (await console.client.post(KEYS, headers=session, json={})).json()
    how: dict[str, Any] = {"params": {"id": made["id"]}} if place == "query" else {"json": {"id": made["id"]}}
    deleted = await console.client.request("DELETE", KEYS, headers=session, **how)
    assert deleted.json() == {"id": made["id"], "object": "api_key.deleted", "deleted": True}
    assert await console.connections.authenticator.authenticate(made["value"]) is KeyRefusal.REVOKED


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"params": [("id", "key_1"), ("id", "key_2")]},
        {"json": []},
        {"json": {"id": 5}},
        {"json": {"id": "a", "x": 1}},
    ],
)
async def test_no_key_is_revoked_without_one_id(console: Console, how: dict[str, Any]) -> None:
    """Without an id, or with two, nothing is revoked, and the refusal says where the id belongs."""
    refused = await console.client.request("DELETE", KEYS, headers=await console.session(), **how)
    assert told(refused) == error(400, "invalid_request", "invalid_request_error")
    assert "id" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/embeddings", "error"),
        ("/v1/models/none", "error"),
        ("/api/x", "error"),
        ("/v1/tokens/x", "status_code"),
        ("/x", "status_code"),
    ],
)
async def test_every_path_answers_in_the_shape_of_its_api(console: Console, path: str, shape: str) -> None:
    """Unknown paths below the gateway's paths have the gateway's error shape, the others that of the token API."""
    answer = await console.client.post(path)
    assert shape in answer.json()
    assert answer.headers.get("x-powered-by") == ("atomesus" if shape == "error" else None)
    health = await console.client.get("/api/gateway/health")
    assert health.headers["x-powered-by"] == "atomesus"
