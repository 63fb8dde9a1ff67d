"""Which callers the gateway accepts, and how often."""

import http.client
import json
from contextlib import closing
from email.message import Message
from pathlib import Path
from typing import NamedTuple

import pytest

from service.auth.accounts import KeyScope
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, said
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import CHAT, HELLO, Caller, Gateway, served_gateway
from tokenizer_registry import Registry

UNKNOWN = "atms_sk_" + "0" * 38
JWT = "eyJhbGciOiJub25lIn0.e30."


class Answer(NamedTuple):
    """Status, headers and body of a response."""

    status: int
    headers: Message
    content: bytes

    @property
    def code(self) -> str:
        """Return the code of an error."""
        return str(json.loads(self.content)["error"]["code"])


def asked(gateway: Gateway, *headers: tuple[str, str], path: str = "/v1/models") -> Answer:
    """Return the response to a call with these headers, which may repeat and be invalid."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.server.port, timeout=10)
    connection.putrequest("GET", path)
    for name, value in headers:
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders()
    with closing(connection), connection.getresponse() as answer:
        return Answer(answer.status, answer.headers, answer.read())


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "missing_api_key"),
        ([("Authorization", "Bearer ")], "missing_api_key"),
        ([("Authorization", "Basic abc")], "missing_api_key"),
        ([("X-API-Key", "")], "missing_api_key"),
        ([("X-API-Key", "abc")], "invalid_key_format"),
        ([("Authorization", f"Bearer {JWT}")], "invalid_key_format"),
        ([("Authorization", "Bearer atms_sk_short")], "invalid_key_format"),
        ([("Authorization", f"Bearer {UNKNOWN}")], "invalid_api_key"),
        ([("X-API-Key", UNKNOWN)], "invalid_api_key"),
        ([("X-API-Key", "atms_sk_" + "é" * 38)], "invalid_api_key"),
    ],
)
def test_keys_that_are_refused(gateway: Gateway, headers: list[tuple[str, str]], code: str) -> None:
    """A missing, a malformed and an unknown key have different codes, as documented."""
    answer = asked(gateway, *headers)
    error = json.loads(answer.content)["error"]
    assert (answer.status, error["type"], error["code"]) == (401, "authentication_error", code)
    assert list(error) == ["message", "type", "code"]
    assert answer.headers["x-powered-by"] == "atomesus"


@pytest.mark.promise(16)
def test_unknown_and_revoked_keys_are_alike(gateway: Gateway) -> None:
    """A revoked key gets exactly the body of an unknown one, as documented."""
    caller = gateway.caller()
    gateway.run(gateway.connections.accounts.revoke_key(caller.key_id))
    revoked = asked(gateway, ("X-API-Key", caller.secret))
    assert revoked.content == asked(gateway, ("X-API-Key", UNKNOWN)).content
    assert json.loads(revoked.content) == {
        "error": {
            "message": "Invalid API key or key has been revoked.",
            "type": "authentication_error",
            "code": "invalid_api_key",
        }
    }


def test_a_key_in_either_header(caller: Caller, gateway: Gateway) -> None:
    """Bearer and X-API-Key work, alone or together with the same key; two different keys and the query do not."""
    other = gateway.caller().secret
    bearer, own = ("Authorization", f"bearer {caller.secret}"), ("X-Api-Key", f" {caller.secret}\t")
    answers = [
        asked(gateway, bearer),
        asked(gateway, own),
        asked(gateway, bearer, own),
        asked(gateway, bearer, ("X-API-Key", other)),
        asked(gateway, path=f"/v1/models?api-key={caller.secret}"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 200, 401, 401]
    assert [answer.code for answer in answers[3:]] == ["invalid_api_key", "missing_api_key"]


def test_a_key_for_the_token_api_alone(gateway: Gateway, caller: Caller) -> None:
    """A key without the scope of the gateway is refused by it."""

    async def made() -> str:
        account = await gateway.connections.statements.find_account(caller.account_id)
        assert account is not None
        _, secret = await gateway.connections.accounts.create_key(account, scopes=frozenset({KeyScope.TOKENS}))
        return secret

    answer = asked(gateway, ("X-API-Key", gateway.run(made())))
    assert (answer.status, answer.code) == (403, "permission_denied")


def test_models_and_health(gateway: Gateway, caller: Caller) -> None:
    """The list has the one model, it is found by its name, and health needs no key."""
    model = {"id": "cipher", "object": "model", "created": 1716900000, "owned_by": "atomesus"}
    assert caller.http.get("/v1/models").json() == {"object": "list", "data": [model]}
    assert caller.http.get("/v1/models/cipher").json() == model
    assert caller.http.get("/v1/models/other").status_code == 404
    health = asked(gateway, path="/api/gateway/health")
    assert (health.status, health.content) == (200, b'{"status":"ok"}')


def test_routes_that_do_not_exist_answer_in_shape_a(gateway: Gateway) -> None:
    """An unknown path and a wrong method below the gateway's paths have its error shape."""
    for answer in (asked(gateway, path="/api/gateway/nothing"), asked(gateway, path=CHAT)):
        assert set(json.loads(answer.content)["error"]) == {"message", "type", "code"}


@pytest.mark.promise(41)
def test_one_key_cannot_take_all_streams(tmp_path: Path, upstream: FakeUpstream, registry: Registry) -> None:
    """Beyond its number of open streams a key gets 429 with Retry-After, other keys do not; a hang-up makes room."""
    with served_gateway(
        tmp_path, upstream, registry, gateway_calls_at_once=3, gateway_drain_seconds=0, upstream_timeout_seconds=30
    ) as gateway:
        caller, other = gateway.caller(), gateway.caller()
        stall = Stall()
        upstream.answer = lambda _: Script([*said("Hello"), stall, FINISH, DONE])
        with calling(caller) as one, calling(caller) as two:
            with calling(caller) as three:
                for connection in (one, two, three):
                    read_until(connection, b"Hello")
                refused = caller.chat(stream=True)
                with calling(other) as free:
                    read_until(free, b"Hello")
            caller.closed_calls(1)
            with calling(caller) as again:
                read_until(again, b"Hello")
            stall.go()
        assert refused.status_code == 429
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert refused.json()["error"]["code"] == "rate_limit_exceeded"
        assert refused.headers["retry-after"] == "1"
        assert other.closed_call().cost > 0


def test_calls_per_second_of_a_key(tmp_path: Path, upstream: FakeUpstream, registry: Registry) -> None:
    """With a limit of two calls a second a key's third is refused with Retry-After, and another key's is not."""
    with served_gateway(tmp_path, upstream, registry, gateway_calls_per_second=2) as gateway:
        caller, other = gateway.caller(), gateway.caller()
        answers = [caller.http.post(CHAT, json=HELLO) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert (answers[2].json()["error"]["code"], answers[2].headers["retry-after"]) == ("rate_limit_exceeded", "1")
        assert other.chat().status_code == 200
