"""The time at which work ends, which may be brought forward from outside while it runs."""

import asyncio
from types import TracebackType


class Deadline:
    """A block under it is cancelled when the time is over; then `reason` says why.

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

    async def __aenter__(self) -> None:
        """The deadline holds from now on."""
        self._timer = asyncio.timeout_at(None if self.at == float("inf") else self.at)
        await self._timer.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """It does not hold any more; work that was cut short leaves the block without an exception."""
        timer, self._timer = self._timer, None
        if timer is not None:
            try:
                await timer.__aexit__(kind, error, trace)
            except TimeoutError:
                self.is_over = True
        return self.is_over
