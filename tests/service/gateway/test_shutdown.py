"""The end of a service with calls under way."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.billing.ledger import HoldState
from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import hold
from tests.eventually import eventually
from tests.fake_upstream import DONE, FINISH, FakeUpstream, Script, Stall, said, usage_chunk
from tests.service.gateway.raw_caller import calling, read_until
from tests.service.gateway.served_gateway import Gateway, served_gateway
from tokenizer_registry import Registry

STREAMS = 5


async def close_calls_in(gateway: Gateway, seconds: float) -> None:
    """Stop the server's calls in so many seconds, as the server does at its shutdown."""
    gateway.app.state.close_calls_in(seconds)


@pytest.mark.promise(37)
def test_streams_finish_within_the_time(tmp_path: Path, upstream: FakeUpstream, registry: Registry) -> None:
    """Streams that end before the deadline end well; a new call is refused meanwhile, and costs nothing."""
    stall = Stall()
    upstream.answer = lambda _: Script([*said("Hello"), stall, FINISH, usage_chunk(1, 2), DONE])
    with served_gateway(tmp_path, upstream, registry, upstream_timeout_seconds=20) as gateway:
        caller = gateway.caller()
        with calling(caller) as connection:
            read_until(connection, b"Hello")
            gateway.run(close_calls_in(gateway, 20))
            refused = caller.chat()
            stall.go()
            assert b"billing" in read_until(connection, b"[DONE]")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        assert caller.closed_call().tokens == (1, 2)


@pytest.mark.promise(37)
def test_streams_are_told_at_the_deadline(tmp_path: Path, upstream: FakeUpstream, registry: Registry) -> None:
    """Streams that do not end get an error event at the deadline, and every hold is closed for what was delivered."""
    upstream.answer = lambda _: Script([*said("Hello"), Stall()])
    with served_gateway(tmp_path, upstream, registry, upstream_timeout_seconds=20) as gateway:
        callers = [gateway.caller() for _ in range(STREAMS)]
        with ExitStack() as connected:
            connections = [connected.enter_context(calling(caller)) for caller in callers]
            for connection in connections:
                read_until(connection, b"Hello")
            gateway.run(close_calls_in(gateway, 0.2))
            endings = [read_until(connection, b"\r\n0\r\n\r\n") for connection in connections]
        for ending in endings:
            assert b'"error":{"message":"The service is restarting.' in ending
            assert b"[DONE]" not in ending
        for caller in callers:
            call = caller.closed_call()
            assert (call.state, call.tokens, call.outcome) == (HoldState.SETTLED, (10, 1), "shutdown")
        assert gateway.faults() == []


@pytest.mark.promise(37)
def test_the_end_closes_every_hold(tmp_path: Path, upstream: FakeUpstream, registry: Registry) -> None:
    """After the shutdown no hold is open, not even of a call that never got an answer."""
    upstream.answer = lambda _: Script([Stall()])
    with served_gateway(tmp_path, upstream, registry, upstream_timeout_seconds=20) as gateway:
        caller = gateway.caller()
        with calling(caller):
            eventually(lambda: upstream.seen, within=30)
    assert gateway.faults() == []
    assert open_holds(gateway) == 0


def open_holds(gateway: Gateway) -> int:
    """Return the open holds, read directly from the database: the gateway's connections are closed."""
    of_open_ones = select(func.count()).select_from(hold).where(hold.c.state == "open")
    with blocking_engine(gateway.connections.database.url) as engine, engine.connect() as connection:
        return int(connection.execute(of_open_ones).scalar_one())
