"""A stream whose key is revoked, or expires, ends at its next checkpoint and is charged for what was delivered."""

import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from service.auth.accounts import StoredKey
from service.billing.money import MICRO_INR
from service.storage.errors import StoreUnavailable
from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, plain, said, usage_chunk
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import Caller, Gateway, served_gateway
from tokenizer_registry import Registry

pytestmark = pytest.mark.promise(17)

Ending = Callable[[Caller], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def quick_gateway(
    running_upstream: FakeUpstream, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Yield a gateway whose streams have many checkpoints; at the end its books must be consistent."""
    folder = tmp_path_factory.mktemp("quick")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.gateway.routes.CHECKPOINT_SECONDS", 0.05)
        with served_gateway(folder, running_upstream, registry) as gateway:
            yield gateway
            assert gateway.faults() == []


@pytest.fixture
def gateway(quick_gateway: Gateway, upstream: FakeUpstream) -> Gateway:
    """Return the quick gateway, with its upstream reset."""
    assert quick_gateway.upstream is upstream
    return quick_gateway


def revoke(caller: Caller) -> None:
    """Revoke the key of a caller without notifying other processes."""
    caller.gateway.run(_revoked(caller))


async def _revoked(caller: Caller) -> None:
    stored = await caller.gateway.connections.accounts.revoke_key(caller.key_id)
    assert stored is not None
    caller.gateway.connections.authenticator.forget(stored.digest)


async def _ended(caller: Caller) -> None:
    """End a key as `keys rotate --overlap 0` does."""
    rotated = await caller.gateway.connections.accounts.rotate_key(caller.key_id, timedelta(0))
    assert rotated is not None
    caller.gateway.connections.authenticator.forget(rotated.old.digest)


@pytest.mark.parametrize("ended", [_revoked, _ended], ids=["revoked", "expired"])
def test_a_stream_is_cut_and_charged(caller: Caller, gateway: Gateway, ended: Ending) -> None:
    """The stream ends with an error event and without `[DONE]`; the input and the text so far are charged."""
    gateway.upstream.answer = lambda _: Script([*said("Hello", " world"), Stall()])
    with calling(caller) as connection:
        read_until(connection, b"world")
        gateway.run(ended(caller))
        received = read_until(connection, b'"error"')
        call = caller.closed_call()
    assert b"[DONE]" not in received
    assert (call.tokens, call.estimated, call.outcome) == ((10, 2), True, "key_revoked")
    assert caller.balance() == (100 * MICRO_INR - call.cost, 0)


def test_before_the_first_text(caller: Caller, gateway: Gateway) -> None:
    """As with a caller who hangs up, the input that the upstream worked on is charged: to revoke a key is no way round
    the bill."""
    gateway.upstream.answer = lambda _: Script([Stall()])
    with calling(caller) as connection:
        eventually(lambda: gateway.upstream.seen, within=30)
        revoke(caller)
        received = read_until(connection, b"estimated")
    call = caller.closed_call()
    assert b'"code":"invalid_api_key"' in received
    assert (call.tokens, call.cost, call.outcome) == ((10, 0), 250, "key_revoked")


def test_streams_of_other_keys_go_on(gateway: Gateway) -> None:
    """Streams of another key of the same account continue."""
    first = gateway.caller()
    second = gateway.caller(account_id=first.account_id)
    stall = Stall()
    rest = [FINISH, usage_chunk(1, 2), DONE]
    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, *rest])
    with calling(first) as revoked, calling(second) as other:
        read_until(revoked, b"Hello")
        read_until(other, b"Hello")
        revoke(first)
        read_until(revoked, b'"error"')
        stall.go()
        read_until(other, b"[DONE]")


def test_an_answer_held_back(caller: Caller, gateway: Gateway) -> None:
    """A stream that is held back for its final headers has the error event at its end, and the bill in its head."""
    gateway.upstream.answer = lambda _: Script([*said("Hello"), Stall()])
    with calling(caller, {"X-Billing-Headers": "final"}) as connection:
        eventually(lambda: gateway.upstream.seen, within=30)
        revoke(caller)
        received = read_until(connection, b"estimated")
    assert b"x-tokens-output: 1" in received
    assert b'"code":"invalid_api_key"' in received


def test_a_plain_call_is_finished(caller: Caller, gateway: Gateway) -> None:
    """A plain call has no checkpoints: its whole answer is returned and charged."""
    stall = Stall()
    gateway.upstream.answer = lambda _: Script([b" ", stall, *plain("Hello").pieces], content_type="application/json")
    with calling(caller, body=b'{"model":"cipher","messages":[{"role":"user","content":"Hello!"}]}') as connection:
        eventually(lambda: gateway.upstream.seen, within=30)
        revoke(caller)
        stall.go()
        read_until(connection, b"Hello")
    assert caller.closed_call().outcome == "completed"


def test_while_the_store_is_away_streams_go_on(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a key cannot be looked up, its stream is read to its end."""
    caller, stall, asked = gateway.caller(), Stall(), threading.Event()

    async def away(digests: Sequence[str]) -> StoredKey | None:
        asked.set()
        raise StoreUnavailable("sqlite:///away.db", "switched off.")

    gateway.upstream.answer = lambda _: Script([*said("Hello"), stall, FINISH, usage_chunk(1, 2), DONE])
    with calling(caller) as connection:
        read_until(connection, b"Hello")
        monkeypatch.setattr(gateway.connections.accounts, "find_by_digest", away)
        gateway.run(_forgotten(caller))
        assert asked.wait(timeout=30)
        stall.go()
        read_until(connection, b"[DONE]")
    monkeypatch.undo()
    assert caller.closed_call().outcome == "completed"


async def _forgotten(caller: Caller) -> None:
    (key,) = await caller.gateway.connections.accounts.find_keys(caller.key_id)
    stored = await caller.gateway.connections.accounts.revoke_key(key.id)
    assert stored is not None
    caller.gateway.connections.authenticator.forget(stored.digest)
