"""Retries join the abandoned call of an earlier attempt: one charge, one answer, and no other call is joined."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.eventually import eventually
from tests.fake_upstream import (
    DONE,
    FINISH,
    FakeUpstream,
    Piece,
    Script,
    Stall,
    plain,
    refusal,
    said,
    usage_chunk,
    usual,
)
from tests.promises.figure import Figure
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import CHAT, HELLO, Caller, Gateway, served_gateway
from tests.service.store_process import StoreProcess
from tokenizer_registry import Registry

pytestmark = pytest.mark.promise(20)
BILL = ("x-request-cost-inr", "x-credit-balance-inr", "x-credit-spent-inr", "x-tokens-input", "x-tokens-output")
STREAMED_AND_NOT = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


@pytest.fixture(scope="module")
def joining_gateway(
    running_upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory, store: StoreProcess
) -> Iterator[Gateway]:
    """Yield a gateway with a store; at the end its books must be consistent."""
    folder = tmp_path_factory.mktemp("joining")
    with served_gateway(folder, running_upstream, registry, redis_url=store.url) as gateway:
        yield gateway
        assert gateway.faults() == []


@pytest.fixture
def gateway(joining_gateway: Gateway, upstream: FakeUpstream) -> Gateway:
    """Return the joining gateway, with its upstream reset."""
    assert joining_gateway.upstream is upstream
    return joining_gateway


def attempt(number: int) -> dict[str, str]:
    """Return the SDK's header for the number of an attempt."""
    return {"X-Stainless-Retry-Count": str(number)}


def answering(stall: Stall, *, streamed: bool) -> Script:
    """Return an answer with the text `Hello`, which arrives after the stall."""
    if streamed:
        return Script([stall, *said("Hello"), FINISH, usage_chunk(1, 2), DONE])
    return Script([b" ", stall, *plain("Hello", usage=(1, 2)).pieces], content_type="application/json")


def body(*, streamed: bool, **changes: Any) -> bytes:
    """Return the body of a call: the same bytes for the same call, as an SDK sends them."""
    return json.dumps({**HELLO, "stream": streamed, **changes}).encode()


def called(caller: Caller, headers: dict[str, str], *, streamed: bool, **changes: Any) -> httpx2.Response:
    """Make one call, and return its response."""
    content = body(streamed=streamed, **changes)
    return caller.http.post(CHAT, content=content, headers={**headers, "Content-Type": "application/json"})


def left(caller: Caller, headers: dict[str, str], *, streamed: bool) -> None:
    """Make a call, and hang up once the upstream works on it."""
    asked = len(caller.gateway.upstream.seen)
    with calling(caller, headers, body=body(streamed=streamed)):
        eventually(lambda: len(caller.gateway.upstream.seen) > asked, within=30)


def noted(store: StoreProcess, kind: str) -> list[bytes]:
    """Return the store's keys of abandoned calls: `r` of running ones, `a` of their answers."""
    with store.client() as client:
        return list(client.scan_iter(f"rl:{{left-*}}:{kind}"))


def running_calls(store: StoreProcess) -> int:
    """Return the abandoned calls that are still running."""
    with store.client() as client:
        return sum(int(client.scard(key)) for key in client.scan_iter("rl:{left-*}:r"))


@pytest.fixture(autouse=True)
def _nothing_noted(store: StoreProcess) -> None:
    with store.client() as client:
        for key in client.scan_iter("rl:{left-*}:?"):
            client.delete(key)


@STREAMED_AND_NOT
def test_a_retry_joins_the_call_that_its_caller_left(
    gateway: Gateway, store: StoreProcess, streamed: bool, figure: Figure
) -> None:
    """A retry waits while the call runs, then gets its answer and its bill; there is one call and one charge."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: answering(stall, streamed=streamed)
    left(caller, attempt(0), streamed=streamed)
    eventually(lambda: noted(store, "r"), within=30)
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[httpx2.Response] = pool.submit(called, caller, attempt(1), streamed=streamed)
        stall.go()
        answer = waiting.result(timeout=30)
    (call,) = caller.calls()
    assert (answer.status_code, "Hello" in answer.text) == (200, True)
    assert answer.headers["x-joined-request-id"] == call.trace_id
    assert [answer.headers[name] for name in BILL] == ["0.000225", "99.9997", "0.000225", "1", "2"]
    assert (len(gateway.upstream.seen), len(caller.entries())) == (1, 1)
    figure("a retry of a call that was left: 1 charge")


@STREAMED_AND_NOT
def test_a_retry_after_the_end_gets_the_answer_once(gateway: Gateway, store: StoreProcess, streamed: bool) -> None:
    """An answer that was finished without its caller goes to the first retry; the next retry is a call of its own."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: answering(stall, streamed=streamed)
    left(caller, attempt(0), streamed=streamed)
    eventually(lambda: noted(store, "r"), within=30)
    stall.go()
    eventually(lambda: noted(store, "a"), within=30)
    first, second = (called(caller, attempt(number), streamed=streamed) for number in (1, 2))
    assert ("x-joined-request-id" in first.headers, "x-joined-request-id" in second.headers) == (True, False)
    assert len(caller.closed_calls(2)) == 2


def test_a_retry_that_is_left_too_leaves_the_answer_to_the_next(gateway: Gateway, store: StoreProcess) -> None:
    """Of two retries the first hangs up while it waits: the second gets the answer, and there is one call."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: answering(stall, streamed=False)
    left(caller, attempt(0), streamed=False)
    eventually(lambda: noted(store, "r"), within=30)
    with calling(caller, attempt(1), body=body(streamed=False)):
        pass
    stall.go()
    assert called(caller, attempt(2), streamed=False).headers["x-joined-request-id"]
    assert len(caller.calls()) == 1


@STREAMED_AND_NOT
def test_equal_first_attempts_are_calls_of_their_own(gateway: Gateway, store: StoreProcess, streamed: bool) -> None:
    """A first attempt, with the number 0 or without one, joins nothing: neither a call that runs nor an answer."""
    caller, stall = gateway.caller(), Stall()
    scripts = iter([answering(stall, streamed=streamed)])
    gateway.upstream.answer = lambda asked: next(scripts, usual(asked))
    left(caller, attempt(0), streamed=streamed)
    eventually(lambda: noted(store, "r"), within=30)
    answers = [called(caller, headers, streamed=streamed) for headers in (attempt(0), {})]
    stall.go()
    eventually(lambda: noted(store, "a"), within=30)
    answers.append(called(caller, attempt(0), streamed=streamed))
    assert [answer.headers.get("x-joined-request-id") for answer in answers] == [None] * 3
    assert len(caller.closed_calls(4)) == 4


@STREAMED_AND_NOT
def test_a_retry_after_an_answer_that_was_delivered(gateway: Gateway, store: StoreProcess, streamed: bool) -> None:
    """If no caller hung up, nothing is recorded, and a retry is a call of its own."""
    caller = gateway.caller()
    answers = [called(caller, attempt(number), streamed=streamed) for number in (0, 1)]
    assert [answer.headers.get("x-joined-request-id") for answer in answers] == [None] * 2
    assert noted(store, "[ra]") == []
    assert len(caller.closed_calls(2)) == 2


def test_no_other_key_and_no_other_body_joins(gateway: Gateway, store: StoreProcess) -> None:
    """Neither another account with an equal body, nor another key of the account, nor another body gets the answer."""
    caller, stall = gateway.caller(), Stall()
    scripts = iter([answering(stall, streamed=False)])
    gateway.upstream.answer = lambda asked: next(scripts, usual(asked))
    left(caller, attempt(0), streamed=False)
    eventually(lambda: noted(store, "r"), within=30)
    others = (gateway.caller(), gateway.caller(account_id=caller.account_id))

    def strangers() -> list[httpx2.Response]:
        answers = [called(other, attempt(1), streamed=False) for other in others]
        return [*answers, called(caller, attempt(1), streamed=False, temperature=1)]

    answers = strangers()
    stall.go()
    eventually(lambda: noted(store, "a"), within=30)
    answers += strangers()
    assert [answer.headers.get("x-joined-request-id") for answer in answers] == [None] * 6
    assert all("Hello world" in answer.text for answer in answers)


@pytest.mark.parametrize("named", [{}, {"X-Stainless-Retry-Count": "-1"}, {"Idempotency-Key": "a", **attempt(0)}])
def test_calls_that_are_not_noted(gateway: Gateway, store: StoreProcess, named: dict[str, str]) -> None:
    """A caller who sends no attempt number, or an Idempotency-Key, leaves nothing in the store."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: answering(stall, streamed=False)
    left(caller, named, streamed=False)
    stall.go()
    assert caller.closed_call().outcome == "completed"
    assert noted(store, "[ra]") == []


@STREAMED_AND_NOT
def test_a_failure_is_tried_again(gateway: Gateway, store: StoreProcess, streamed: bool) -> None:
    """A call that ended without an answer, and cost nothing, is not joined: the retry that waited for it calls."""
    caller, stall = gateway.caller(), Stall()
    broken: list[Piece] = [b" ", stall, b"no JSON"] if not streamed else [stall, b"data: no JSON\n\n"]
    kind = "text/event-stream" if streamed else "application/json"
    scripts = iter([Script(broken, content_type=kind)])
    gateway.upstream.answer = lambda asked: next(scripts, usual(asked))
    left(caller, attempt(0), streamed=streamed)
    eventually(lambda: noted(store, "r"), within=30)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(called, caller, attempt(1), streamed=streamed)
        stall.go()
        answer = waiting.result(timeout=30)
    assert (answer.status_code, answer.headers.get("x-joined-request-id")) == (200, None)
    assert sorted(call.cost for call in caller.closed_calls(2)) == [0, 2250]


def test_a_stream_that_was_cut_is_not_joined(
    upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory, store: StoreProcess
) -> None:
    """When the time for reading on is over, a retry that waited is a call of its own."""
    folder = tmp_path_factory.mktemp("cut")
    with served_gateway(folder, upstream, registry, redis_url=store.url, gateway_drain_seconds=0.5) as gateway:
        caller = gateway.caller()
        scripts = iter([Script([Stall()])])
        upstream.answer = lambda asked: next(scripts, usual(asked))
        left(caller, attempt(0), streamed=True)
        answer = called(caller, attempt(1), streamed=True)
        assert (answer.status_code, answer.headers.get("x-joined-request-id")) == (200, None)
        assert sorted(str(call.outcome) for call in caller.closed_calls(2)) == ["caller_gone", "completed"]
        assert gateway.faults() == []


def test_an_answer_held_back_for_its_final_headers_is_joined(gateway: Gateway, store: StoreProcess) -> None:
    """A stream that is held back until its end is kept from its beginning, whenever the caller hangs up."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, *said(" again"), FINISH, DONE])
    left(caller, {**attempt(0), "X-Billing-Headers": "final"}, streamed=True)
    eventually(lambda: noted(store, "r"), within=30)
    stall.go()
    answer = called(caller, attempt(1), streamed=True)
    assert ("Hello" in answer.text, " again" in answer.text, "[DONE]" in answer.text) == (True, True, True)
    assert len(caller.calls()) == 1


def test_a_stream_of_which_a_part_was_sent_is_not_noted(gateway: Gateway, store: StoreProcess) -> None:
    """An SDK does not repeat a stream whose head it received, so nothing is kept of it."""
    caller, stall = gateway.caller(), Stall()
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, FINISH, usage_chunk(1, 2), DONE])
    with calling(caller, attempt(0)) as connection:
        read_until(connection, b"Hello")
    stall.go()
    assert caller.closed_call().outcome == "completed"
    assert noted(store, "[ra]") == []


def test_a_large_answer_is_not_kept(gateway: Gateway, store: StoreProcess) -> None:
    """The size of kept answers is limited: a retry for a larger answer is a call of its own."""
    caller, stall = gateway.caller(), Stall()
    scripts = iter([Script([b" ", stall, *plain("x" * 1_000_000).pieces], content_type="application/json")])
    gateway.upstream.answer = lambda asked: next(scripts, usual(asked))
    left(caller, attempt(0), streamed=False)
    eventually(lambda: noted(store, "r"), within=30)
    stall.go()
    eventually(lambda: not noted(store, "r"), within=30)
    assert noted(store, "a") == []
    assert "x-joined-request-id" not in called(caller, attempt(1), streamed=False).headers


def test_each_of_several_left_calls_is_joined_once(gateway: Gateway, store: StoreProcess) -> None:
    """Of two equal deliberate calls, both abandoned, the two retries get the two answers, with two charges."""
    caller, stalls = gateway.caller(), [Stall(), Stall()]
    scripts = iter([answering(stall, streamed=False) for stall in stalls])
    gateway.upstream.answer = lambda _: next(scripts)
    left(caller, attempt(0), streamed=False)
    left(caller, attempt(0), streamed=False)
    eventually(lambda: running_calls(store) == len(stalls), within=30)
    for stall in stalls:
        stall.go()
    caller.closed_calls(2)
    eventually(lambda: not noted(store, "r"), within=30)
    answers = [called(caller, attempt(1), streamed=False) for _ in stalls]
    assert {answer.headers["x-joined-request-id"] for answer in answers} == {call.trace_id for call in caller.calls()}


@STREAMED_AND_NOT
def test_without_the_store_a_retry_is_a_call(shared_gateway: Gateway, upstream: FakeUpstream, streamed: bool) -> None:
    """Without Redis calls are answered as usual, and the retry is a call of its own."""
    caller, stall = shared_gateway.caller(), Stall()
    scripts = iter([answering(stall, streamed=streamed)])
    upstream.answer = lambda asked: next(scripts, usual(asked))
    left(caller, attempt(0), streamed=streamed)
    answer = called(caller, attempt(1), streamed=streamed)
    stall.go()
    assert (answer.status_code, answer.headers.get("x-joined-request-id")) == (200, None)
    assert len(caller.closed_calls(2)) == 2


def test_a_store_that_stops_while_a_retry_waits(
    upstream: FakeUpstream,
    registry: Registry,
    tmp_path_factory: pytest.TempPathFactory,
    own_store: StoreProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If the store does not return within the lease of a call, a waiting retry is a call of its own."""
    monkeypatch.setattr("service.gateway.joining.LEASE_SECONDS", 1)
    changes: dict[str, Any] = {"redis_url": own_store.url}
    with served_gateway(tmp_path_factory.mktemp("stopped"), upstream, registry, **changes) as gateway:
        caller, stall = gateway.caller(), Stall()
        scripts = iter([answering(stall, streamed=False)])
        upstream.answer = lambda asked: next(scripts, usual(asked))
        left(caller, attempt(0), streamed=False)
        eventually(lambda: noted(own_store, "r"), within=30)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(called, caller, attempt(1), streamed=False)
            own_store.stop()
            answer = waiting.result(timeout=30)
        stall.go()
        assert (answer.status_code, answer.headers.get("x-joined-request-id")) == (200, None)
        assert len(caller.closed_calls(2)) == 2


def test_a_failed_attempt_that_was_heard_is_tried_anew(gateway: Gateway) -> None:
    """After an error that was delivered, the retry is an ordinary call."""
    caller = gateway.caller()
    scripts = iter([refusal(500)])
    gateway.upstream.answer = lambda asked: next(scripts, usual(asked))
    assert called(caller, attempt(0), streamed=False).status_code == 502
    assert called(caller, attempt(1), streamed=False).status_code == 200
