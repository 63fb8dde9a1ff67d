"""The calls under way in this process. They belong to the service, not to the connection that asked for them."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Protocol

import structlog

from service.http.in_flight import Hold


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


SHUTDOWN = "shutdown"


class RunningCall(Protocol):
    """What the registry needs of a call."""

    @property
    def deadline(self) -> Deadline:
        """When it ends at the latest."""

    def run(self) -> Coroutine[Any, Any, None]:
        """The whole call, from hold to settlement."""


class AbandonedCall(RunningCall, Protocol):
    """A call that its caller may leave."""

    def caller_gone(self, *, drain: bool) -> None:
        """The caller has gone; without `drain` the call ends now."""


class Calls:
    """Keeps every call alive until it is settled, and ends them all when the service does.

    At most `most_drains` calls without a caller go on.
    """

    def __init__(self, most_drains: int) -> None:
        self.most_drains = most_drains
        self.is_closing = False
        self._drains: set[RunningCall] = set()
        self._running: dict[RunningCall, asyncio.Task[None]] = {}
        self._closes_at: float | None = None

    def start(self, call: RunningCall, hold: Hold | None = None) -> None:
        """Run a call to its end, whoever may stop waiting for it; then release what its request holds."""
        if self._closes_at is not None:
            call.deadline.bring_forward(self._closes_at - asyncio.get_running_loop().time(), SHUTDOWN)
        task = self._running[call] = asyncio.create_task(call.run())
        task.add_done_callback(partial(self._ended, call))
        if hold is not None:
            task.add_done_callback(lambda _: hold.release())

    def abandon(self, call: AbandonedCall) -> None:
        """The caller of this call has gone. A call that is over does not mind."""
        if call in self._running and call not in self._drains:
            call.caller_gone(drain=len(self._drains) < self.most_drains)
            self._drains.add(call)

    def task_of(self, call: RunningCall) -> asyncio.Task[None] | None:
        """Return what runs a call, or None if it is over."""
        return self._running.get(call)

    def close_in(self, seconds: float) -> None:
        """Take no new calls, and end those under way in so many seconds."""
        self.is_closing = True
        self._closes_at = asyncio.get_running_loop().time() + seconds
        for call in self._running:
            call.deadline.bring_forward(seconds, SHUTDOWN)

    async def close(self) -> None:
        """End all calls now; each is settled."""
        self.close_in(0)
        if self._running:
            await asyncio.wait(self._running.values())

    def __len__(self) -> int:
        return len(self._running)

    def _ended(self, call: RunningCall, task: asyncio.Task[None]) -> None:
        del self._running[call]
        self._drains.discard(call)
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger("gateway").error("call_broke", exc_info=error)
