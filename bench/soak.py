"""Soak test: mixed good and hostile calls for ten minutes (`SOAK_SECONDS`), to find leaks. Run it with `make soak`."""

import contextlib
import itertools
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.hostile import cases, json_body
from tests.end_to_end.numbers import number
from tests.end_to_end.server import Server, running

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SAMPLES = 60
WARM_UP_SHARE = 0.25
WARM_UP_ROUNDS = 2
MAX_BODY_BYTES = 200_000
MODEL = "gpt-4o"
BASE = {"input": "hello", "type": "text", "models": [MODEL]}
NUMBERS = ("weighbridge_resident_bytes", "weighbridge_open_files", "weighbridge_tasks")


class Sample(NamedTuple):
    """The state of all workers of the service at an instant with no call in progress."""

    minutes: float
    resident_bytes: float
    open_files: float
    tasks: float


class Soaked(NamedTuple):
    """The result of a soak test."""

    calls: int
    server_errors: int
    samples: list[Sample]

    @property
    def megabytes_per_minute(self) -> float:
        """Return the slope of memory after the warm-up."""
        rest = self.samples[int(len(self.samples) * WARM_UP_SHARE) :]
        times, sizes = [sample.minutes for sample in rest], [sample.resident_bytes / 1e6 for sample in rest]
        slope: float = statistics.linear_regression(times, sizes).slope
        return slope

    def grown(self, what: str) -> float:
        """Return the increase of a value from the first third to the last, comparing the minima."""
        third = max(len(self.samples) // 3, 1)
        first, last = self.samples[:third], self.samples[-third:]
        least: float = min(getattr(sample, what) for sample in last) - min(getattr(sample, what) for sample in first)
        return least


def soaked(folder: Path, seconds: float, on_sample: Callable[[Sample], object] = lambda _: None) -> Soaked:
    """Make every call a few times, so that the worker has its caches and threads; then serve for so long.

    One worker: a second would be warm only when the kernel happens to give it connections.
    """
    with running(folder / "data", SETTINGS, "--workers", "1") as server:
        calls, server_errors = 0, 0
        samples: list[Sample] = []
        with httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}, timeout=60) as client:
            mixed = mixture(server, client)
            for call in mixed * WARM_UP_ROUNDS:
                call()
            began = time.monotonic()
            for call in itertools.cycle(mixed):
                elapsed = time.monotonic() - began
                if elapsed >= seconds * (len(samples) + 1) / SAMPLES:
                    samples.append(Sample(elapsed / 60, *(number(server, name) for name in NUMBERS)))
                    on_sample(samples[-1])
                if len(samples) >= SAMPLES:
                    break
                calls += 1
                server_errors += call() >= 500
        return Soaked(calls, server_errors, samples)


def mixture(server: Server, client: httpx2.Client) -> list[Callable[[], int]]:
    """Return calls that return their status: counts, lists, wrong keys, hostile bodies, cut connections."""
    json_type = {"Content-Type": "application/json"}
    bodies = [json_body(case.spec, BASE, {"model": MODEL}) for case in cases("json_count")]

    def posted(body: bytes) -> Callable[[], int]:
        return lambda: client.post("/v1/tokens/count", content=body, headers=json_type).status_code

    numbers = itertools.count()
    return [
        *(posted(body) for body in bodies if len(body) < MAX_BODY_BYTES),
        lambda: client.post("/v1/tokens/count", json={**BASE, "input": f"text {next(numbers)} " * 20}).status_code,
        lambda: client.post("/v1/tokens/count", json={**BASE, "input": f"text {next(numbers)} " * 4_000}).status_code,
        lambda: client.get("/v1/tokens/models").status_code,
        lambda: client.get(f"/v1/tokens/models?name=nobody-{next(numbers)}").status_code,
        lambda: client.get("/v1/tokens/authors", headers={"X-Api-Key": f"atms_sk_{next(numbers):038}"}).status_code,
        lambda: client.get(f"/nothing/{next(numbers)}").status_code,
        lambda: client.get("/ready").status_code,
        lambda: broken_off(server),
    ]


def broken_off(server: Server) -> int:
    """Send an incomplete body, and close the connection."""
    head = f"POST /v1/tokens/count HTTP/1.1\r\nHost: x\r\nX-Api-Key: {server.demo_key}\r\nContent-Length: 99\r\n"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n{")
    return 0


def printed() -> Iterator[str]:
    """Run the soak test, and print its result."""
    with tempfile.TemporaryDirectory() as folder:
        result = soaked(Path(folder), SECONDS, lambda sample: sys.stdout.write(f"{line(sample)}\n"))
    yield f"{result.calls} calls in {SECONDS / 60:.1f} minutes, {result.server_errors} answered with a 5xx"
    yield f"memory {result.megabytes_per_minute:+.2f} MB a minute after the warm-up"
    yield f"open files {result.grown('open_files'):+.0f}, tasks {result.grown('tasks'):+.0f}"


def line(sample: Sample) -> str:
    """Return a sample as text for people."""
    memory = f"{sample.resident_bytes / 1e6:.1f} MB"
    return f"{sample.minutes:6.2f} min  {memory}  {sample.open_files:.0f} files  {sample.tasks:.0f} tasks"


if __name__ == "__main__":
    for said in printed():
        sys.stdout.write(f"{said}\n")
