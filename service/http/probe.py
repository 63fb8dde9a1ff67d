"""What a worker finds out about itself, twice a second."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

from service.http.in_flight import InFlight
from service.observability.metrics import Metrics

INTERVAL_SECONDS = 0.5
PAGE_BYTES = 4096


class Probe:
    """Measures the event loop's lag, and notes the present state. `today` is the UTC date.

    `take_lost_lines` returns how many lines of the log were lost since it was last called.
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
        """Note the present state, and measure the lag: to be repeated."""
        self.look()
        before = time.perf_counter()
        await asyncio.sleep(INTERVAL_SECONDS)
        self.metrics.lag(max(time.perf_counter() - before - INTERVAL_SECONDS, 0))

    def look(self) -> None:
        """Note the present state."""
        metrics = self.metrics
        metrics.log_lines_lost.inc(self.take_lost_lines())
        metrics.bytes_in_flight.set(self.in_flight.held_bytes)
        metrics.tasks.set(len(asyncio.all_tasks()))
        metrics.limits_shared.set(self.is_limiter_shared())
        if self.book_recorded_at is not None:
            metrics.book_age_days.set((self.today() - self.book_recorded_at).days)
        process = Path("/proc/self")
        with suppress(OSError):  # not every system has it, and there may be no descriptor left
            metrics.resident_bytes.set(int((process / "statm").read_text().split()[1]) * PAGE_BYTES)
            metrics.open_files.set(len(list((process / "fd").iterdir())))
