"""The time at which work ends, which may be brought forward from outside while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Deadline:
    """Work under `guard` is cancelled when the time is over; then `reason` says why.

    It starts far away; each call of `bring_forward` counts only if it is earlier than what was set.
    """

    def __init__(self) -> None:
        self.at = float("inf")
        self.reason = ""
        self.is_over = False
        self._timer: asyncio.Timeout | None = None

    def bring_forward(self, seconds: float, reason: str) -> None:
        """End the work in so many seconds, at the latest."""
        at = asyncio.get_running_loop().time() + seconds
        if at >= self.at:
            return
        self.at, self.reason = at, reason
        if self._timer is not None:
            self._timer.reschedule(at)

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """For the time of the block the deadline holds; work that is cut short leaves it without an exception."""
        try:
            async with asyncio.timeout_at(None if self.at == float("inf") else self.at) as self._timer:
                try:
                    yield
                finally:
                    timer, self._timer = self._timer, None
        except TimeoutError:
            if not timer.expired():
                raise
            self.is_over = True
