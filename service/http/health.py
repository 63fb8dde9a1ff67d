"""Operation of the service: `/health`, `/ready`, `/metrics`, and the probe that measures the worker itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import Receive, Scope, Send

from service.http import json
from service.http.context import InFlight
from service.http.responses import Reply
from service.observability.metrics import Metrics

PROBE_SECONDS = 0.5
PAGE_BYTES = 4096
FindFaults = Callable[[], Awaitable[dict[str, str | None]]]


class Health:
    """`GET /health`: 200 while the process answers. It checks no store, so that a fault of one does not restart it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 200."""
        await Reply(200, b'{"status":"ok"}')(scope, receive, send)


class MetricsPage:
    """`GET /metrics`: the metrics of all workers in Prometheus's text format.

    `look` updates the gauges of this worker; those of other workers are at most half a second old.
    """

    def __init__(self, metrics: Metrics, look: Callable[[], None]) -> None:
        self.metrics = metrics
        self.look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Update the gauges, then answer with the sums over all workers."""
        self.look()
        self.metrics.write()
        text = await asyncio.to_thread(self.metrics.text)
        await Reply(200, text, content_type=CONTENT_TYPE_LATEST.encode())(scope, receive, send)


class Readiness:
    """`GET /ready`: 200 if every dependency works, else 503 with the faults by name.

    `ask` returns the fault of each dependency, or None. `remarks` are listed by name and leave the service ready: a
    restart would not repair a damaged vocabulary or an old price.
    """

    def __init__(
        self, ask: FindFaults, remarks: Mapping[str, Callable[[], str | None]], timeout_seconds: float = 2.0
    ) -> None:
        self.ask = ask
        self.remarks = remarks
        self.timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check every dependency, and answer with the result of each."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                faults = await self.ask()
        except TimeoutError:
            faults = {"stores": f"no answer within {self.timeout_seconds:g} s"}
        except Exception as error:  # such as no thread can be started: the stores were not reached
            faults = {"stores": f"the check failed with {type(error).__name__}"}
        degraded = any(faults.values())
        body: dict[str, json.Value] = {
            "status": "degraded" if degraded else "ready",
            **{name: fault or "ok" for name, fault in faults.items()},
            **{name: remark() or "ok" for name, remark in self.remarks.items()},
        }
        await Reply(503 if degraded else 200, json.encode(body))(scope, receive, send)


class Probe:
    """Measures the event loop's lag and updates gauges. `today` returns the UTC date.

    `take_lost_lines` returns how many lines of the log were lost since its last call.
    """

    def __init__(
        self,
        metrics: Metrics,
        in_flight: InFlight,
        is_limiter_shared: Callable[[], bool],
        book_recorded_at: date | None,
        today: Callable[[], date],
        take_lost_lines: Callable[[], int] = lambda: 0,
    ) -> None:
        self.metrics = metrics
        self.in_flight = in_flight
        self.is_limiter_shared = is_limiter_shared
        self.book_recorded_at = book_recorded_at
        self.today = today
        self.take_lost_lines = take_lost_lines

    async def step(self) -> None:
        """Update the gauges and measure the lag once; called repeatedly."""
        self.look()
        before = time.perf_counter()
        await asyncio.sleep(PROBE_SECONDS)
        self.metrics.lag(max(time.perf_counter() - before - PROBE_SECONDS, 0))

    def look(self) -> None:
        """Update the gauges of this worker."""
        metrics = self.metrics
        metrics.log_lines_lost.inc(self.take_lost_lines())
        metrics.bytes_in_flight.set(self.in_flight.held_bytes)
        metrics.tasks.set(len(asyncio.all_tasks()))
        metrics.limits_shared.set(self.is_limiter_shared())
        if self.book_recorded_at is not None:
            metrics.book_age_days.set((self.today() - self.book_recorded_at).days)
        process = Path("/proc/self")
        with suppress(OSError):  # not every system has /proc, and there may be no free descriptor
            metrics.resident_bytes.set(int((process / "statm").read_text().split()[1]) * PAGE_BYTES)
            metrics.open_files.set(len(list((process / "fd").iterdir())))
