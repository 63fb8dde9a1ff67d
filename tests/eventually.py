"""Wait for a condition that another task, thread or process brings about, within a bound."""

import asyncio
import time
from collections.abc import Callable

PAUSE_SECONDS = 0.01


def eventually(condition: Callable[[], object], *, within: float) -> None:
    """Return as soon as `condition()` is true. Raise AssertionError if it is not within so many seconds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not true within {within:g} s: {_name(condition)}"
        time.sleep(PAUSE_SECONDS)


async def eventually_async(condition: Callable[[], object], *, within: float) -> None:
    """The same as `eventually` on an event loop, which goes on meanwhile."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"not true within {within:g} s: {_name(condition)}"
        await asyncio.sleep(PAUSE_SECONDS)


def _name(condition: Callable[[], object]) -> str:
    code = condition.__code__ if hasattr(condition, "__code__") else None
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(condition)
