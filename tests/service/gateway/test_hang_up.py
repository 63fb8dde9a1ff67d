"""Calls whose callers hang up, or read slowly, are settled correctly."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from service.billing.money import MICRO_INR
from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, chunk, said, usage_chunk
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import HELLO, Gateway, served_gateway
from tokenizer_registry import Registry

PIECES = 1000
WORDS = 4000
REST = [chunk({"content": " more"}), FINISH, usage_chunk(11, 22), DONE]


@pytest.fixture(scope="module", params=["httptools", "h11"])
def running(
    request: pytest.FixtureRequest,
    running_upstream: FakeUpstream,
    registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """Yield a gateway on each HTTP parser of uvicorn, which reads one abandoned stream at a time for half a second."""
    http: Literal["httptools", "h11"] = request.param
    settings: dict[str, Any] = {"gateway_drain_seconds": 0.5, "gateway_max_drains": 1, "upstream_timeout_seconds": 5}
    folder = tmp_path_factory.mktemp("hang-up")
    with served_gateway(folder, running_upstream, registry, http=http, **settings) as gateway:
        yield gateway
        assert gateway.faults() == []


@pytest.fixture
def gateway(running: Gateway, upstream: FakeUpstream) -> Gateway:
    """Return the running gateway, with its upstream reset."""
    return running


@pytest.mark.promise(22)
def test_after_some_text_the_upstreams_usage_is_charged(gateway: Gateway) -> None:
    """A stream whose caller hung up is read until its usage, which is charged."""
    stall, caller = Stall(), gateway.caller()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, *REST])
    with calling(caller) as connection:
        read_until(connection, b"Hello")
    stall.go()
    call = caller.closed_call()
    assert (call.tokens, call.cost, call.estimated, call.outcome) == ((11, 22), 2475, False, "completed")
    assert caller.balance() == (100 * MICRO_INR - 2475, 0)


@pytest.mark.promise(22)
def test_a_stream_that_goes_on_too_long_is_cut_and_counted(gateway: Gateway) -> None:
    """After the time limit the upstream's connection is closed, and the text so far is charged."""
    caller = gateway.caller()
    gateway.upstream.answer = lambda _: Script([*said("Hello", " world"), Stall()])
    with calling(caller) as connection:
        read_until(connection, b"world")
    call = caller.closed_call()
    assert (call.tokens, call.estimated, call.outcome) == ((10, 2), True, "caller_gone")
    assert caller.balance().held == 0


@pytest.mark.promise(22)
def test_before_the_first_text(gateway: Gateway) -> None:
    """A caller who hangs up before the answer began pays for the input that the upstream was given."""
    caller = gateway.caller()
    gateway.upstream.answer = lambda _: Script([Stall()])
    with calling(caller):
        eventually(lambda: gateway.upstream.seen, within=30)
    call = caller.closed_call()
    assert (call.tokens, call.cost, call.estimated, call.outcome) == ((10, 0), 250, True, "caller_gone")


@pytest.mark.promise(22)
def test_only_so_many_streams_are_read_on(gateway: Gateway) -> None:
    """Beyond the maximum of abandoned streams that are read, a stream is cut as soon as its caller hangs up."""
    first, second = gateway.caller(), gateway.caller()
    stall = Stall()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, *REST])
    with calling(first) as one, calling(second) as other:
        read_until(one, b"Hello")
        read_until(other, b"Hello")
    outcomes = sorted(str(caller.closed_call().outcome) for caller in (first, second))
    assert outcomes == ["caller_gone", "caller_gone"]
    ended = sorted(caller.closed_call().closed_at or caller.closed_call().opened_at for caller in (first, second))
    assert (ended[1] - ended[0]).total_seconds() > 0.2


@pytest.mark.promise(22)
def test_a_slow_reader_slows_the_upstream_down(gateway: Gateway) -> None:
    """A caller who does not read stops the upstream long before it has sent all, and still gets every piece."""
    caller = gateway.caller(10_000 * MICRO_INR)
    body = json.dumps({**HELLO, "stream": True, "max_tokens": PIECES * WORDS}).encode()
    sent = []

    def pieces() -> Iterator[bytes]:
        for number in range(PIECES):
            sent.append(number)
            yield chunk({"content": "word " * WORDS})
        yield from (FINISH, usage_chunk(1, 2), DONE)

    gateway.upstream.answer = lambda _: Script(pieces())
    with calling(caller, receive_buffer_bytes=65536, body=body) as connection:
        received = read_until(connection, b"word")
        stopped_at = unchanging(lambda: len(sent))
        assert stopped_at < PIECES
        received += read_until(connection, b"[DONE]")
    assert received.count(b'"content":') == len(sent) == PIECES
    assert caller.closed_call().tokens == (1, 2)


def unchanging(number: Callable[[], int]) -> int:
    """Return the number once it has not changed for half a second."""
    seen, since = number(), time.monotonic()
    while time.monotonic() < since + 0.5:
        if (now := number()) != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.02)
    return seen
