"""Of very many streams, many cut by their callers at random moments, each is charged for what was produced.

At full size: GATEWAY_TEST_STREAMS=1000.
"""

import asyncio
import json
import os
import random
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Row, select

from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import entry, hold
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.promises.figure import Figure
from tests.recording_upstream import PROMPT_TOKENS, WORD, Produced, RecordingUpstream, recording_upstream
from tests.service.billing.ledgers import faults_in_the_books

STREAMS = int(os.environ.get("GATEWAY_TEST_STREAMS", "60"))
AT_ONCE = 80
SEED = 22
MAX_PIECES = 40
DRAIN_SECONDS = 2
MAX_SECONDS = 5.0  # from a hang-up to the entry
# On a machine with nothing else to do the entry is there in time; elsewhere it is there.
TIMED = "PROMISES_TIMED" in os.environ
# One token of text, and the frame of one message.
COUNTED_INPUT = 1 + 2 * 4
MARK = json.dumps(WORD).encode()


@dataclass
class Plan:
    """What a stream is to be. It is cut by its caller after so many pieces; None if it is read to its end."""

    number: int
    kind: str
    pieces: int
    cut_after: int | None
    rudely: bool
    received: int = 0
    gone_at: datetime | None = None

    @property
    def trace_id(self) -> str:
        """By which its call is found."""
        return f"{self.number + 1:032x}"

    @property
    def user(self) -> str:
        """Return the property `user`, from which the upstream reads what to produce."""
        return f"{self.number}/{self.kind}/{self.pieces}"


def planned(dice: random.Random, number: int) -> Plan:
    """A third is cut; only those may have no end."""
    pieces = dice.randint(1, MAX_PIECES)
    if number % 3:
        return Plan(number, dice.choice(("reports", "silent")), pieces, None, False)
    kind = dice.choice(("reports", "silent", "stalls", "endless"))
    return Plan(number, kind, pieces, dice.randint(0, pieces), dice.random() < 0.5)


async def streamed(plan: Plan, server: Server, key: str, upstream: RecordingUpstream) -> None:
    """Call, and hang up as planned: by closing the connection, or by resetting it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    body = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}], "stream": True, "user": plan.user}
    content = json.dumps(body).encode()
    writer.write(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
        f"traceparent: 00-{plan.trace_id}-{'1' * 16}-01\r\nConnection: close\r\n"
        f"Content-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
    received = bytearray()
    while plan.cut_after is None or received.count(MARK) < plan.cut_after:
        piece = await reader.read(65_536)
        if not piece:
            break
        received += piece
    await asyncio.to_thread(upstream.wait_for, str(plan.number))
    plan.received = received.count(MARK)
    if plan.cut_after is None:
        assert b"data: [DONE]" in received, bytes(received[-300:])
    if plan.rudely:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
    plan.gone_at = datetime.now(UTC)


async def all_streamed(plans: list[Plan], server: Server, key: str, upstream: RecordingUpstream) -> None:
    """Run all plans, many at a time."""
    waiting = iter(plans)

    async def work() -> None:
        for plan in waiting:
            await streamed(plan, server, key, upstream)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def closed_calls(url: DatabaseUrl, number: int) -> dict[str, "Row[tuple[object, ...]]"]:
    """Every call by its trace, once so many are closed."""
    with blocking_engine(url) as engine:

        def closed() -> "Sequence[Row[tuple[object, ...]]]":
            with engine.connect() as connection:
                return connection.execute(select(hold).where(hold.c.state != "open")).all()

        eventually(lambda: len(closed()) >= number, within=120)
        return {row.trace_id: row for row in closed()}


def fault(plan: Plan, call: "Row[tuple[object, ...]]", produced: Produced) -> str | None:
    """What is wrong with the charge of a call."""
    charged = (call.tokens_input, call.tokens_output)
    told = f"{plan}, {call.outcome}: charged {charged}, {produced}"
    if call.state != "settled" or call.cost != 25 * charged[0] + 100 * charged[1] or call.cost > call.amount:
        return told
    if call.outcome == "completed":
        return None if charged == (produced.usage or (COUNTED_INPUT, produced.words)) else told
    if call.outcome != "caller_gone" or plan.cut_after is None or charged[0] not in (COUNTED_INPUT, PROMPT_TOKENS):
        return told
    exact = plan.kind != "stalls" or charged[1] == produced.words
    return None if exact and plan.received <= charged[1] <= produced.words else told


@pytest.mark.promise(22)
def test_each_of_many_streams_is_charged_once_and_right(tmp_path: Path, figure: Figure) -> None:
    """Each stream has one entry. One that ended is charged exactly what the upstream says it produced, its caller
    there or not; one that was cut is charged no less than was delivered, and no more than was produced."""
    dice = random.Random(SEED)
    plans = [planned(dice, number) for number in range(STREAMS)]
    with recording_upstream() as upstream:
        settings = {
            **SETTINGS,
            "PRELOAD_VOCABULARIES": "false",
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_VOCABULARY": "cl100k_base",
            "GATEWAY_CALLS_AT_ONCE": str(STREAMS),
            "GATEWAY_MAX_DRAINS": str(STREAMS),
            "GATEWAY_DRAIN_SECONDS": str(DRAIN_SECONDS),
            "LOG_LEVEL": "warning",
        }
        with running(tmp_path / "data", settings, "--workers", "2") as server:
            asyncio.run(all_streamed(plans, server, server.demo_key, upstream))
            url = DatabaseUrl.of_file(tmp_path / "data" / "weighbridge.db")
            calls = closed_calls(url, STREAMS)
    assert len(calls) == STREAMS
    with blocking_engine(url) as engine, engine.connect() as connection:
        charged = connection.scalars(select(entry.c.reference).where(entry.c.kind == "charge")).all()
        other = connection.scalars(select(entry.c.kind).where(entry.c.kind.not_in(("charge", "welcome")))).all()
    assert sorted(charged) == sorted(call.id for call in calls.values())
    assert other == []
    faults = [fault(plan, calls[plan.trace_id], upstream.record[str(plan.number)]) for plan in plans]
    assert [text for text in faults if text] == [], f"seed {SEED}"
    assert faults_in_the_books(url) == []
    outcomes = Counter(calls[plan.trace_id].outcome for plan in plans if plan.cut_after is not None)
    behind = max(
        upstream.record[str(plan.number)].words - calls[plan.trace_id].tokens_output
        for plan in plans
        if calls[plan.trace_id].outcome == "caller_gone"
    )
    slowest = max(
        (calls[plan.trace_id].closed_at - plan.gone_at).total_seconds() for plan in plans if plan.gone_at is not None
    )
    assert not TIMED or slowest < MAX_SECONDS
    figure(
        f"{STREAMS} streams, {sum(outcomes.values())} cut by callers: {outcomes['completed']} of these read on to the "
        f"end and charged exactly, {outcomes['caller_gone']} let go, at most {behind} tokens behind the upstream; "
        f"entries written at most {slowest:.1f} s after the hang-up, with {DRAIN_SECONDS} s of reading on"
    )


def test_the_seed_makes_every_kind() -> None:
    """The sample has cut streams of every kind, and cuts before the first text."""
    dice = random.Random(SEED)
    cut = [plan for number in range(60) if (plan := planned(dice, number)).cut_after is not None]
    assert {plan.kind for plan in cut} == {"reports", "silent", "stalls", "endless"}
    assert any(plan.cut_after == 0 for plan in cut)
