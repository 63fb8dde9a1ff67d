"""What is wrong with the stores: writes that were refused in the last seconds, and checks that requests share."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

REMEMBERED_SECONDS = 10.0
MIN_SECONDS_BETWEEN_CHECKS = 1.0
# Each store with a sentence on what is wrong with it, or None.
StoreFaults = dict[str, str | None]


class RefusedWrites:
    """The last write that each store refused, for REMEMBERED_SECONDS."""

    def __init__(self, monotonic_seconds: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_seconds = monotonic_seconds
        self._last: dict[str, tuple[float, str]] = {}

    def note(self, store: str, reason: str) -> None:
        """Record that `store` refused a write now."""
        self._last[store] = (self._monotonic_seconds(), reason)

    def fault(self, store: str) -> str | None:
        """Return a sentence on a write that was refused in the last REMEMBERED_SECONDS, or None."""
        at_seconds, reason = self._last.get(store, (float("-inf"), ""))
        ago_seconds = self._monotonic_seconds() - at_seconds
        if ago_seconds > REMEMBERED_SECONDS:
            return None
        return f"A write was refused {ago_seconds:.0f} s ago: {reason}"


class SharedChecks:
    """A check that all callers within a second share."""

    def __init__(
        self,
        check: Callable[[], Coroutine[Any, Any, StoreFaults]],
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._monotonic_seconds = monotonic_seconds
        self._running: asyncio.Task[StoreFaults] | None = None
        self._began_at_seconds = float("-inf")

    async def ask(self) -> StoreFaults:
        """Return what the latest check found; begin one if that is over and began a second ago or earlier."""
        now = self._monotonic_seconds()
        is_due = now - self._began_at_seconds >= MIN_SECONDS_BETWEEN_CHECKS
        if self._running is None or (self._running.done() and is_due):
            self._began_at_seconds = now
            self._running = asyncio.get_running_loop().create_task(self._check())
        return await asyncio.shield(self._running)

    async def close(self) -> None:
        """Wait for the check that runs, which then has closed its connections."""
        if self._running is not None:
            await asyncio.wait([self._running])
