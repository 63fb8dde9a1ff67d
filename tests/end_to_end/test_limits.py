"""The limits as callers see them, with two workers on one store."""

import json
import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import redis

from service.storage.embedded_valkey import EmbeddedValkey
from tests.end_to_end.load import Answer, load
from tests.end_to_end.server import running
from tests.eventually import eventually
from tests.promises.figure import Figure
from tests.service.limits.script import recorded

SECONDS = float(os.environ.get("LIMITER_TEST_SECONDS", "1.2"))
WORKERS = "4" if "PROMISES_TIMED" in os.environ else "2"
CALLERS = 6
RATE = 10
LEFT = "x-quota-limit-remaining-calls"


def test_never_more_than_ten_calls_in_any_second(tmp_path: Path, figure: Figure) -> None:
    """Six callers, as fast as they can, through all workers: at most 10 calls are admitted in any second of the
    store's clock, and every other call is refused as documented."""
    with running(tmp_path / "data", None, "--workers", WORKERS) as server:
        store_url = EmbeddedValkey(tmp_path / "data").url
        with noted(store_url) as record, load(server.url, server.demo_key, callers=CALLERS) as callers:
            time.sleep(SECONDS)
            # On a busy machine the callers take longer to make more calls in a second than are admitted.
            eventually(lambda: callers.number(429), within=60)
    admitted_at = sorted(record.elements())
    assert callers.statuses() == {200, 429}
    # On a machine that is too busy the store may be late, and a worker decides alone for a while: it says so.
    shared = [answer for answer in callers.answers if LEFT in answer.headers]
    refused = [answer for answer in shared if answer.status == 429]
    assert len(admitted_at) >= max(len(shared) - len(refused), RATE)
    assert most_in_any_second(admitted_at) <= RATE
    for answer in refused:
        assert_contract_of_a_refusal(answer)
    tries = f"{callers.number(200)} of {len(callers.answers)} calls"
    figure(f"{tries} through {WORKERS} workers, never more than {most_in_any_second(admitted_at)} in a second")


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


@contextmanager
def noted(store_url: str) -> Iterator[Counter[int]]:
    """The time of every admission in the block, in microseconds of the store's clock, as the store recorded it.

    Calls that came to the store together were admitted at one time.
    """
    seen: Counter[int] = Counter()
    over = threading.Event()

    def watch() -> None:
        with redis.Redis.from_url(store_url) as store:
            while not over.wait(0.02):  # a place in the record is kept for a second
                for name in store.scan_iter("rl:*:a"):
                    for instant, calls in Counter(recorded(store, name)).items():
                        seen[instant] = max(seen[instant], calls)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
        time.sleep(0.1)
    finally:
        over.set()
        watcher.join()


def most_in_any_second(times_microseconds: list[int]) -> int:
    """The fullest half-open second that begins at an admission."""
    return max(bisect_left(times_microseconds, start + 1_000_000) - at for at, start in enumerate(times_microseconds))


def assert_contract_of_a_refusal(answer: Answer) -> None:
    """Body and headers of a 429 are those of the contract."""
    body = json.loads(answer.content)
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
    """Return the seconds until the next calendar month begins, in UTC."""
    first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return int((first - now).total_seconds())
