"""The calls in progress in this process. They belong to the process, not to the connections that asked for them."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Protocol

import structlog

from service.gateway.call import Deadline
from service.http.context import Hold

SHUTDOWN = "shutdown"


class RunningCall(Protocol):
    """What the registry needs of a call."""

    @property
    def deadline(self) -> Deadline:
        """The latest time at which the call ends."""

    def run(self) -> Coroutine[Any, Any, None]:
        """Run the whole call, from authorization to settlement."""


class AbandonableCall(RunningCall, Protocol):
    """A call whose caller may hang up."""

    def abandon(self, *, drain: bool) -> None:
        """Notify the call that its caller has gone; without `drain` the call ends immediately."""


class RunningCalls:
    """Keeps every call alive until it is settled, and ends all of them when the service stops.

    At most `max_drains` calls whose callers have gone are read on to their end.
    """

    def __init__(self, max_drains: int) -> None:
        self.max_drains = max_drains
        self.is_closing = False
        self._drains: set[RunningCall] = set()
        self._running: dict[RunningCall, asyncio.Task[None]] = {}
        self._closes_at: float | None = None

    def start(self, call: RunningCall, hold: Hold | None = None) -> None:
        """Run a call in a task, and release the memory that its request holds when it ends."""
        if self._closes_at is not None:
            call.deadline.bring_forward(self._closes_at - asyncio.get_running_loop().time(), SHUTDOWN)
        task = self._running[call] = asyncio.create_task(call.run())
        task.add_done_callback(partial(self._end, call))
        if hold is not None:
            task.add_done_callback(lambda _: hold.release())

    def abandon(self, call: AbandonableCall) -> None:
        """Notify a call that its caller has gone. A call that has ended is left alone."""
        if call in self._running and call not in self._drains:
            call.abandon(drain=len(self._drains) < self.max_drains)
            self._drains.add(call)

    def task_of(self, call: RunningCall) -> asyncio.Task[None] | None:
        """Return the task of a call, or None if the call has ended."""
        return self._running.get(call)

    def close_in(self, seconds: float) -> None:
        """Refuse new calls from now on, and end those in progress after `seconds`."""
        self.is_closing = True
        self._closes_at = asyncio.get_running_loop().time() + seconds
        for call in self._running:
            call.deadline.bring_forward(seconds, SHUTDOWN)

    async def close(self) -> None:
        """End all calls now, and wait until each is settled."""
        self.close_in(0)
        if self._running:
            await asyncio.wait(self._running.values())

    def __len__(self) -> int:
        return len(self._running)

    def _end(self, call: RunningCall, task: asyncio.Task[None]) -> None:
        del self._running[call]
        self._drains.discard(call)
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger("gateway").error("call_broke", exc_info=error)
