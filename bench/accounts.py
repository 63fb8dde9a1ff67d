"""What a call costs with a hundred thousand accounts in both stores, against one account."""

import asyncio
import random
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import httpx2
import redis
from sqlalchemy import insert

from service.auth import keys
from service.auth.pepper import Peppers, load_peppers
from service.limits import Allowance
from service.limits.redis_store import RedisRateLimitStore
from service.limits.store import LimitRequest
from service.storage.embedded_valkey import EmbeddedValkey
from service.storage.redis import connect
from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import account, api_key
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.server import Server, running

MANY = 100_000
BATCH = 500
ROUNDS, CALLS = 60, 25
WARM_UP_CALLS = 200
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": "1000000", "LOG_LEVEL": "warning"}


class Row(NamedTuple):
    """What was measured, with one account and with many, and the second over the first."""

    what: str
    one: str
    many: str
    ratio: str = ""


class Side(NamedTuple):
    """A server, and keys of it that have not been used."""

    server: Server
    data: Path
    client: httpx2.Client
    unused: Iterator[str]


def many_accounts() -> Iterator[Row]:
    """Two servers, one with a single account, one with many; their calls alternate, so that both have the same day."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_until_the_end:
        one = open_until_the_end.enter_context(side(Path(folder) / "one", accounts=1, keys_each=ROUNDS * CALLS))
        many = open_until_the_end.enter_context(side(Path(folder) / "many", accounts=MANY, keys_each=1))
        for each in (one, many):
            seconds(each, [each.server.demo_key] * WARM_UP_CALLS)
        rounds = [one_round(one, many, turned=n % 2 == 1) for n in range(ROUNDS)]
        yield row("a call, its key used just before", [(r.one_used, r.many_used) for r in rounds])
        yield row("a call, its key never used before", [(r.one_unused, r.many_unused) for r in rounds])
        yield row("... against the one key used just before", [(r.one_used, r.many_unused) for r in rounds])
        yield Row("database", *(f"{database_bytes(each.data) / 1e6:.0f} MB" for each in (one, many)))
        yield Row("counters, as the store tells", *(f"{counter_bytes(each.data) / 1e6:.0f} MB" for each in (one, many)))


class Round(NamedTuple):
    """Median seconds of a call, in one short while."""

    one_used: float
    many_used: float
    one_unused: float
    many_unused: float


def one_round(one: Side, many: Side, *, turned: bool) -> Round:
    """Some calls of each kind; whose turn is first changes from round to round."""
    order = (many, one) if turned else (one, many)
    used = {each: seconds(each, [each.server.demo_key] * CALLS) for each in order}
    unused = {each: seconds(each, list(islice(each.unused, CALLS))) for each in order}
    return Round(used[one], used[many], unused[one], unused[many])


def row(what: str, pairs: list[tuple[float, float]]) -> Row:
    """The medians over the rounds, and the median of the rounds' own ratios."""
    one, many = (statistics.median(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    return Row(what, f"{one:.2f} ms", f"{many:.2f} ms", f"{ratio:.2f}")


@contextmanager
def side(data: Path, *, accounts: int, keys_each: int) -> Iterator[Side]:
    """A server with so many accounts, each of which has called once, in a new folder."""
    with running(data, SETTINGS) as server:
        made = filled(data, load_peppers(data), accounts, keys_each)
        asyncio.run(called(EmbeddedValkey(data).url, list(dict.fromkeys(account_id for account_id, _ in made))))
        random.Random(3).shuffle(made)
        with httpx2.Client(base_url=server.url) as client:
            yield Side(server, data, client, iter([secret for _, secret in made]))


def filled(data: Path, peppers: Peppers, accounts: int, keys_each: int) -> list[tuple[str, str]]:
    """Ids and secrets of new accounts and their keys."""
    ids = [f"acc_bench{n:011}" for n in range(accounts)]
    made = [(account_id, keys.new_secret()) for account_id in ids for _ in range(keys_each)]
    now, pepper = datetime.now(UTC), peppers.newest
    key = {"label": "", "pepper_id": pepper.id, "prefix": keys.PREFIX, "scopes": "tokens", "created_at": now}
    rows = [
        {**key, "id": f"key_{n:016}", "account_id": a, "digest": pepper.digest(s), "last_four": s[-4:]}
        for n, (a, s) in enumerate(made)
    ]
    with blocking_engine(DatabaseUrl.of_file(data / "weighbridge.db")) as engine, engine.begin() as connection:
        connection.execute(insert(account), [{"id": a, "name": a, "created_at": now} for a in ids])
        connection.execute(insert(api_key), rows)
    return made


async def called(url: str, account_ids: list[str]) -> None:
    """Each account calls once, so that the store holds counts of all."""
    async with connect(url, socket_timeout_seconds=30) as client:
        counters = RedisRateLimitStore(client, timeout_seconds=30, writer=secrets.token_hex(4))
        for at in range(0, len(account_ids), BATCH):
            part = account_ids[at : at + BATCH]
            await counters.decide(
                [LimitRequest(each, Allowance(10, 5000), recorded=True) for each in part], at // BATCH + 1
            )


def counter_bytes(data: Path) -> int:
    """What the store uses."""
    with redis.Redis.from_url(EmbeddedValkey(data).url) as client:
        return int(client.info("memory")["used_memory"])


def database_bytes(data: Path) -> int:
    """What the files of the database take."""
    return sum(path.stat().st_size for path in data.glob("weighbridge.db*"))


def seconds(side: Side, secrets_in_turn: list[str]) -> float:
    """Median seconds of a call."""
    return statistics.median(timed(side.client, secret) for secret in secrets_in_turn)


def timed(client: httpx2.Client, secret: str) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    client.get("/v1/tokens/authors", headers={"X-Api-Key": secret}).raise_for_status()
    return time.perf_counter() - began
