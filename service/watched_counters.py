"""The shared counters, with their failures counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from service.limits import CountersUnreachable
from service.limits.counters import Counters


class WatchedCounters:
    """Counters that tell `on_error` each time that they cannot be reached. All is passed on as it comes."""

    def __init__(self, counters: Counters, on_error: Callable[[], None]) -> None:
        self._counters = counters
        self._on_error = on_error

    async def decide(self, *arguments: Any) -> Any:
        """See Counters."""
        with self._watched():
            return await self._counters.decide(*arguments)

    async def settle(self, *arguments: Any) -> Any:
        """See Counters."""
        with self._watched():
            return await self._counters.settle(*arguments)

    async def reconnect(self) -> None:
        """See Counters."""
        with self._watched():
            await self._counters.reconnect()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except CountersUnreachable:
            self._on_error()
            raise
