"""Background tasks: steps that are repeated while the process serves, also after errors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog

MIN_PAUSE_SECONDS: Final = 0.5
MAX_PAUSE_SECONDS: Final = 30.0
MAX_DOUBLINGS: Final = 6

Step = Callable[[], Awaitable[bool | None]]
OnFailure = Callable[[str], None]


def ignore_failure(name: str) -> None:
    """Ignore a failure of a task."""


@asynccontextmanager
async def in_background(name: str, step: Step, on_failure: OnFailure = ignore_failure) -> AsyncIterator[None]:
    """Repeat `step` in a task for the time of the block."""
    task = asyncio.create_task(repeat(name, step, on_failure))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def repeat(name: str, step: Step, on_failure: OnFailure = ignore_failure) -> None:
    """Await `step()` again and again until it returns True, or this task is cancelled.

    The step itself waits while there is nothing to do. A step that raises is logged, passed to `on_failure` and tried
    again after a pause, which doubles with each consecutive failure up to MAX_PAUSE_SECONDS.
    """
    failures = 0
    while True:
        try:
            if await step():
                return
            failures = 0
        except BaseException as error:
            if not is_failure(error):
                raise
            report(name, error, on_failure)
            await asyncio.sleep(min(MIN_PAUSE_SECONDS * 2**failures, MAX_PAUSE_SECONDS))
            failures = min(failures + 1, MAX_DOUBLINGS)


def is_failure(error: BaseException) -> bool:
    """Return whether work continues after this error: not if its task was cancelled or the process ends."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and not task.cancelling()
    return isinstance(error, Exception)


def report(name: str, error: BaseException, on_failure: OnFailure = ignore_failure) -> None:
    """Log and count a failure of the task with this name."""
    structlog.get_logger("background").error("task_failed", task=name, exc_info=error)
    with suppress(Exception):
        on_failure(name)
