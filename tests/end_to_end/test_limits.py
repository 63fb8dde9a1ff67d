"""The limits as callers see them, with two workers on one store."""

import asyncio
from bisect import bisect_left
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from redis.asyncio import Redis

from service.stores.valkey import EmbeddedValkey
from tests.end_to_end.server import running

CALLS = 200
RATE = 10


def test_never_more_than_ten_calls_in_any_second(tmp_path: Path) -> None:
    """200 calls as fast as possible through two workers: at most 10 are admitted in any second of the store's clock."""
    with running(tmp_path / "data", None, "--workers", "2") as server:
        store = EmbeddedValkey(tmp_path / "data").url
        answers, admitted_at = asyncio.run(stormed(server.url, server.demo_key, store))
    admitted = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(admitted) + len(refused) == CALLS
    assert len(admitted) == len(admitted_at) >= RATE
    assert most_in_any_second(admitted_at) <= RATE
    for answer in refused:
        assert_contract_of_a_refusal(answer)


def test_a_spent_quota_says_when_it_opens(tmp_path: Path) -> None:
    """Call 4 of a quota of 3 is refused with the seconds to the 1st of next month; the quota wins over the rate."""
    with running(tmp_path / "data", {"QUOTA_PER_MONTH": "3", "RATE_LIMIT_PER_SECOND": "3"}) as server:
        headers = {"X-Api-Key": server.demo_key}
        answers = [httpx2.get(f"{server.url}/v1/tokens/authors", headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    last = answers[-1]
    assert last.json()["message"] == "Quota exceeded."
    wait_seconds = int(last.headers["X-Quota-Limit-Retry-After"])
    assert int(last.headers["Retry-After"]) == wait_seconds
    assert abs(wait_seconds - seconds_to_next_month(datetime.now(UTC))) <= 5


async def stormed(url: str, key: str, store_url: str) -> tuple[list[httpx2.Response], list[int]]:
    """All answers, and every admission's time in microseconds, as the store recorded it."""
    seen: set[int] = set()
    async with Redis.from_url(store_url) as store, httpx2.AsyncClient(headers={"X-Api-Key": key}) as client:

        async def watch() -> None:
            while True:
                async for name in store.scan_iter("rl:*:w"):
                    seen.update(map(int, await store.lrange(name, 0, -1)))
                await asyncio.sleep(0.02)

        watcher = asyncio.create_task(watch())
        answers = await asyncio.gather(*(client.get(f"{url}/v1/tokens/authors", timeout=30) for _ in range(CALLS)))
        await asyncio.sleep(0.1)
        watcher.cancel()
    return list(answers), sorted(seen)


def most_in_any_second(times_microseconds: list[int]) -> int:
    """The fullest half-open second that begins at an admission."""
    return max(bisect_left(times_microseconds, start + 1_000_000) - at for at, start in enumerate(times_microseconds))


def assert_contract_of_a_refusal(answer: httpx2.Response) -> None:
    """Body and headers of a 429 are those of the contract."""
    body = answer.json()
    assert list(body) == ["status_code", "title", "message", "trace_id", "event_id"]
    assert body == {
        "status_code": 429,
        "title": "Too Many Requests",
        "message": "Rate limit exceeded.",
        "trace_id": answer.headers["X-Request-Id"],
        "event_id": None,
    }
    assert {name: answer.headers[name] for name in answer.headers if "limit" in name or name == "retry-after"} == {
        "x-rate-limit-total-calls": "10",
        "x-rate-limit-remaining-calls": "0",
        "x-rate-limit-retry-after": "1",
        "x-quota-limit-total-calls": "5000",
        "x-quota-limit-remaining-calls": answer.headers["X-Quota-Limit-Remaining-Calls"],
        "x-quota-limit-retry-after": "0",
        "retry-after": "1",
    }


def seconds_to_next_month(now: datetime) -> int:
    """By the calendar."""
    first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return int((first - now).total_seconds())
