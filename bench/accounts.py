"""What a call costs with a hundred thousand accounts in both stores, against one with few."""

import asyncio
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from sqlalchemy import insert

from service import keys
from service.limits import Allowance
from service.limits.counters import Call
from service.pepper import Peppers, load_peppers
from service.stores.counters import RedisCounters
from service.stores.redis import connect
from service.stores.sql.engine import blocking_engine
from service.stores.sql.tables import account, api_key
from service.stores.sql.url import DatabaseUrl
from service.stores.valkey import EmbeddedValkey
from tests.end_to_end.server import Server, running

FEW, MANY = 1_000, 100_000
BATCH = 500
CALLS = 1_000
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": "1000000", "LOG_LEVEL": "warning"}


def many_accounts() -> Iterator[tuple[str, str, str]]:
    """Rows of what was measured, with few accounts and with many."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data", SETTINGS) as server:
        data = Path(folder) / "data"
        few = list(column(server, data, range(FEW)))
        many = list(column(server, data, range(FEW, MANY)))
    names = ("one call, a key just used", "one call, a key not seen before", "database", "counters, as the store tells")
    yield from zip(names, few, many, strict=True)


def column(server: Server, data: Path, numbers: range) -> Iterator[str]:
    """Make accounts of these numbers, and measure."""
    made = filled(data, load_peppers(data), numbers)
    store_url = EmbeddedValkey(data).url
    asyncio.run(called(store_url, [account_id for account_id, _ in made]))
    yield shown(measured(server, [server.demo_key] * CALLS))
    yield shown(measured(server, random.Random(3).sample([secret for _, secret in made], CALLS)))
    yield f"{sum(path.stat().st_size for path in data.glob('weighbridge.db*')) / 1e6:.0f} MB"
    yield f"{asyncio.run(counter_bytes(store_url)) / 1e6:.0f} MB"


def filled(data: Path, peppers: Peppers, numbers: range) -> list[tuple[str, str]]:
    """Ids and secrets of new accounts, each with a key."""
    made = [(f"acc_bench{n:011}", keys.new_secret()) for n in numbers]
    now, pepper = datetime.now(UTC), peppers.newest
    key = {"label": "", "pepper_id": pepper.id, "prefix": keys.PREFIX, "scopes": "tokens", "created_at": now}
    with blocking_engine(DatabaseUrl.of_file(data / "weighbridge.db")) as engine:
        for at in range(0, len(made), 10_000):
            part = made[at : at + 10_000]
            with engine.begin() as connection:
                connection.execute(insert(account), [{"id": a, "name": a, "created_at": now} for a, _ in part])
                rows = [
                    {**key, "id": f"key_{a}", "account_id": a, "digest": pepper.digest(s), "last_four": s[-4:]}
                    for a, s in part
                ]
                connection.execute(insert(api_key), rows)
    return made


async def called(url: str, account_ids: list[str]) -> None:
    """Each account calls once, so that the store holds counts of all."""
    async with connect(url, socket_timeout_seconds=30) as client:
        counters = RedisCounters(client, timeout_seconds=30, writer=secrets.token_hex(4))
        for at in range(0, len(account_ids), BATCH):
            part = account_ids[at : at + BATCH]
            await counters.decide([Call(each, Allowance(10, 5000), recorded=True) for each in part], at // BATCH + 1)


async def counter_bytes(url: str) -> int:
    """What the store uses."""
    async with connect(url, socket_timeout_seconds=5) as client:
        return int((await client.info("memory"))["used_memory"])


def measured(server: Server, secrets_in_turn: list[str]) -> list[float]:
    """Seconds of each call."""
    with httpx2.Client(base_url=server.url) as client:
        client.get("/health").raise_for_status()
        return [timed(client, secret) for secret in secrets_in_turn]


def timed(client: httpx2.Client, secret: str) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    client.get("/v1/tokens/authors", headers={"X-Api-Key": secret}).raise_for_status()
    return time.perf_counter() - began


def shown(seconds: list[float]) -> str:
    """The median, and the 99th of a hundred."""
    ordered = sorted(seconds)
    return f"{statistics.median(ordered) * 1000:.2f} ms (99 %: {ordered[int(len(ordered) * 0.99)] * 1000:.1f} ms)"
