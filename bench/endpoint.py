"""How long the served endpoint takes, on one connection, limits out of the way."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from bench.counting import prose
from tests.end_to_end.server import running

CALLS = 1_000
SETTINGS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": "1000000", "LOG_LEVEL": "warning"}


def served() -> Iterator[tuple[str, str]]:
    """Start-up time, then latencies of a count."""
    letters = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with running(Path(folder) / "data", SETTINGS) as server:
            yield "start until ready, empty data folder", f"{time.perf_counter() - started:.1f} s"
            with httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}) as client:
                seconds = sorted(one_call(client, prose(letters, 2_000)) for _ in range(CALLS))
    yield "median of one call", f"{statistics.median(seconds) * 1000:.2f} ms"
    yield "99th percentile", f"{seconds[int(CALLS * 0.99)] * 1000:.2f} ms"


def one_call(client: httpx2.Client, text: str) -> float:
    """Seconds for one count."""
    started = time.perf_counter()
    client.post("/v1/tokens/count", json={"input": text, "type": "text", "models": ["gpt-4o"]}).raise_for_status()
    return time.perf_counter() - started
