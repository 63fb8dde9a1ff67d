"""The shared counters, with their failures counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from service.limits import CountersUnreachable
from service.limits.store import Counters


class WatchedCounters:
    """Counters that call `on_error` each time that they cannot be reached, and `on_refusal` with the reason if they
    answered that they do not write. All is passed on as it comes.
    """

    def __init__(
        self, counters: Counters, on_error: Callable[[], None], on_refusal: Callable[[str], None] = lambda _: None
    ) -> None:
        self._counters = counters
        self._on_error = on_error
        self._on_refusal = on_refusal

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
        except CountersUnreachable as fault:
            self._on_error()
            if fault.refused:
                self._on_refusal(fault.reason)
            raise
