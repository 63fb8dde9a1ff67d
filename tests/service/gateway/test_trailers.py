"""HTTP trailers, for servers and callers that support them."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from tests.service.gateway.served_gateway import CHAT, HELLO, Caller, Gateway

TRAILERS = b"x-request-cost-inr, x-credit-balance-inr, x-tokens-input, x-tokens-output"


async def streamed(gateway: Gateway, caller: Caller, *, offered: bool, wanted: bool) -> list[Message]:
    """Return what the application sends to a server that offers trailers, or to one that does not."""
    body = json.dumps({**HELLO, "stream": True}).encode()
    headers = [(b"x-api-key", caller.secret.encode()), (b"content-type", b"application/json")]
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": CHAT, "raw_path": CHAT.encode(),
        "scheme": "http", "query_string": b"", "root_path": "", "client": None,
        "headers": [*headers, *([(b"te", b"trailers")] if wanted else [])],
        "extensions": {"http.response.trailers": {}} if offered else {},
    }  # fmt: skip
    sent: list[Message] = []
    incoming = iter([{"type": "http.request", "body": body}])

    async def receive() -> Message:
        return next(incoming, None) or await never()

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway.app(scope, receive, send)
    return sent


async def never() -> Message:
    """Wait forever, as `receive` of a caller who stays connected does."""
    await asyncio.Event().wait()
    raise AssertionError


def test_trailers_carry_the_bill(gateway: Gateway, caller: Caller) -> None:
    """If server and caller support trailers, cost, balance and tokens follow the body as trailers."""
    start, *_, trailers = gateway.run(streamed(gateway, caller, offered=True, wanted=True))
    assert start["trailers"] is True
    assert (b"trailer", TRAILERS) in start["headers"]
    assert trailers["type"] == "http.response.trailers"
    assert dict(trailers["headers"]) == {
        b"x-credit-balance-inr": b"99.9977",
        b"x-request-cost-inr": b"0.002250",
        b"x-tokens-input": b"10",
        b"x-tokens-output": b"20",
    }


@pytest.mark.parametrize(("offered", "wanted"), [(True, False), (False, True)])
def test_no_trailers_unasked(gateway: Gateway, caller: Caller, offered: bool, wanted: bool) -> None:
    """If one side does not support trailers, none are sent."""
    messages = gateway.run(streamed(gateway, caller, offered=offered, wanted=wanted))
    assert {message["type"] for message in messages} == {"http.response.start", "http.response.body"}
    assert "trailers" not in messages[0]
