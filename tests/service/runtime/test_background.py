"""Background tasks continue, whatever they raise."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from service.runtime import background
from service.runtime.background import in_background, repeat
from tests.eventually import eventually_async
from tests.logs import lines_of

pytestmark = [pytest.mark.anyio, pytest.mark.promise(48)]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses, so that many failures in a row take no time."""
    monkeypatch.setattr(background, "MIN_PAUSE_SECONDS", 0.0001)


def cancelled_from_inside() -> None:
    """Raise CancelledError, as a library may although the task was not cancelled."""
    raise asyncio.CancelledError


def divide() -> None:
    _ = 1 / 0


def exhaust() -> None:
    raise MemoryError


@pytest.mark.parametrize("break_down", [divide, exhaust, cancelled_from_inside])
async def test_a_step_that_raises_is_repeated(break_down: Callable[[], None]) -> None:
    """A hundred failures in a row are logged with their traceback and counted, and then work continues."""
    steps, failures = 0, list[str]()

    async def step() -> None:
        nonlocal steps
        steps += 1
        await asyncio.sleep(0)
        if steps <= 100:
            break_down()

    with capture_logs() as logs:
        async with in_background("work", step, failures.append):
            await eventually_async(lambda: steps > 110, within=10)
    assert failures == ["work"] * 100
    assert [(line["task"], line["log_level"]) for line in lines_of("task_failed", logs)] == [("work", "error")] * 100
    now = steps
    await asyncio.sleep(0.01)
    assert steps == now, "it went on after its block"


async def test_a_counter_that_breaks_stops_nothing() -> None:
    """A metric that cannot be written, as on a full disk, does not stop the task."""
    steps = 0

    async def step() -> bool:
        nonlocal steps
        steps += 1
        divide()
        return True

    def count(name: str) -> None:
        raise OSError

    with capture_logs():
        async with in_background("work", step, count):
            await eventually_async(lambda: steps > 3, within=10)


async def test_work_ends_when_it_says_so_or_is_cancelled() -> None:
    """True ends the task; a cancellation is not counted as a failure."""
    steps = iter([None, False, True])

    async def step() -> bool | None:
        return next(steps)

    await repeat("work", step)
    with capture_logs() as logs:
        task = asyncio.create_task(repeat("work", asyncio.Event().wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert logs == []
