"""If any part of a call raises, its hold is closed, what was delivered is charged, and the caller gets an error."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import Counter, Gauge

from service.billing.ledger import Charge, Closed, HoldState
from service.billing.sql_ledger import SqlLedger
from service.gateway.prepared_call import PromptCounter
from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, plain, said
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import Caller, Gateway, events_of, served_gateway
from tokenizer_registry import Registry

pytestmark = pytest.mark.promise(48)
ERRORS: list[Callable[[], BaseException]] = [
    lambda: RuntimeError("unforeseen"),
    MemoryError,
    lambda: OSError(28, "No space left on device"),
    asyncio.CancelledError,
]


class Breaking:
    """Raises `error()` when a call comes to `point`, once."""

    def __init__(self) -> None:
        self.point = ""
        self.error: Callable[[], BaseException] = RuntimeError

    def __call__(self, point: str) -> None:
        if point == self.point:
            self.point = ""
            raise self.error()


@pytest.fixture(scope="module")
def breaking() -> Breaking:
    """Return switches for faults, all off."""
    return Breaking()


@pytest.fixture(scope="module")
def breaking_gateway(
    breaking: Breaking, running_upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Yield a gateway whose calls break; at the end no hold is open and its books are consistent."""
    folder = tmp_path_factory.mktemp("breaking")
    with served_gateway(folder, running_upstream, registry, at_point=breaking) as gateway:
        yield gateway
        assert gateway.faults() == []


@pytest.fixture
def breaking_caller(breaking_gateway: Gateway, upstream: FakeUpstream) -> Caller:
    """Return a key with credit, with the upstream reset."""
    assert breaking_gateway.upstream is upstream
    return breaking_gateway.caller()


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("point", ["held", "answered"])
def test_a_plain_call_that_breaks_is_free(
    breaking: Breaking, breaking_caller: Caller, point: str, error: Callable[[], BaseException]
) -> None:
    """Nothing was delivered: 500, and all money is back."""
    breaking.point, breaking.error = point, error
    answer = breaking_caller.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
    assert breaking_caller.closed_call().state is HoldState.VOID
    assert breaking_caller.balance() == (100_000_000, 0)
    assert breaking_caller.chat().status_code == 200


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("point", ["held", "opened", "settling", "settled"])
def test_a_stream_that_breaks(
    breaking: Breaking, breaking_caller: Caller, point: str, error: Callable[[], BaseException]
) -> None:
    """Before the first text it is free; after it there is an error event with the bill, no [DONE], and a charge."""
    breaking.point, breaking.error = point, error
    answer = breaking_caller.chat(stream=True)
    call = breaking_caller.closed_call()
    if point == "held":
        assert (answer.status_code, call.state, call.cost) == (500, HoldState.VOID, 0)
        return
    last = events_of(answer.text)[-1]
    assert (answer.status_code, last["error"]["code"]) == (200, "internal_error")
    assert last["error"]["billing"]["tokens_output"] == call.tokens.output
    assert call.state is HoldState.SETTLED
    assert breaking_caller.balance() == (100_000_000 - call.cost, 0)
    if point == "settled":
        assert (call.outcome, call.tokens) == ("completed", (10, 20))
    else:
        assert call.cost is not None
        assert call.cost > 0


def test_a_checkpoint_that_breaks_does_not_end_the_others(
    tmp_path: Path, upstream: FakeUpstream, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold is renewed by a later checkpoint; otherwise its lease would end before its stream."""
    monkeypatch.setattr("service.gateway.routes.CHECKPOINT_SECONDS", 0.05)
    first, second, broken = Stall(), Stall(), threading.Event()

    def break_once(point: str) -> None:
        if point == "noted" and not broken.is_set():
            broken.set()
            raise RuntimeError

    upstream.answer = lambda _: Script([*said("Hello"), first, *said(" world"), second, FINISH, DONE])
    with served_gateway(tmp_path, upstream, registry, at_point=break_once) as gateway:
        caller = gateway.caller()
        with calling(caller) as connection:
            read_until(connection, b"Hello")
            assert broken.wait(timeout=10)
            first.go()
            eventually(lambda: caller.calls()[0].tokens.output == 2, within=10)
            second.go()
            assert b"billing" in read_until(connection, b"[DONE]")
        assert caller.closed_call().tokens == (10, 2)


def flaky(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Make the ledger's settlement raise an unexpected error, before or after it was written."""
    settle = SqlLedger.settle

    async def breaking_down(ledger: SqlLedger, hold_id: str, charge: Charge) -> Closed:
        nonlocal times
        closed = await settle(ledger, hold_id, charge) if times % 2 else None
        times -= 1
        if times >= 0:
            raise RuntimeError("unforeseen")
        return closed or await settle(ledger, hold_id, charge)

    monkeypatch.setattr(SqlLedger, "settle", breaking_down)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("stream", [False, True])
def test_a_charge_that_breaks_is_tried_again(
    breaking_caller: Caller, monkeypatch: pytest.MonkeyPatch, stream: bool, times: int
) -> None:
    """Whether or not it was written, the call is charged once, and the caller gets the whole answer."""
    flaky(monkeypatch, times)
    answer = breaking_caller.chat(stream=stream)
    assert answer.status_code == 200
    assert not stream or events_of(answer.text)[-1] == "[DONE]"
    assert breaking_caller.balance() == (100_000_000 - 2250, 0)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_cannot_be_counted(
    breaking_caller: Caller, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """Without usage and without a count a plain answer is withheld and free, and a stream costs its last checkpoint."""

    async def uncountable(counter: PromptCounter, texts: list[str], account_id: str) -> int:
        raise MemoryError

    monkeypatch.setattr(PromptCounter, "count_output", uncountable)
    upstream.answer = lambda _: Script([*said("Hello"), FINISH, DONE]) if stream else plain("Hello", usage=None)
    answer = breaking_caller.chat(stream=stream)
    call = breaking_caller.closed_call()
    if stream:
        assert events_of(answer.text)[-1] == "[DONE]"
        assert (call.state, call.tokens) == (HoldState.SETTLED, (10, 0))
    else:
        assert (answer.status_code, call.state) == (500, HoldState.VOID)


@pytest.mark.parametrize("stream", [False, True])
def test_numbers_that_cannot_be_noted_cost_no_call(
    breaking_caller: Caller, monkeypatch: pytest.MonkeyPatch, stream: bool
) -> None:
    """Metrics that cannot be written, as on a full disk, do not fail calls."""

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        for kind in (Counter, Gauge):
            patched.setattr(kind, "inc", full)
        patched.setattr(Gauge, "dec", full)
        answer = breaking_caller.chat(stream=stream)
    assert answer.status_code == 200
    assert not stream or events_of(answer.text)[-1] == "[DONE]"
    assert breaking_caller.balance() == (100_000_000 - 2250, 0)
