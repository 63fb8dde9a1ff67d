"""What is there already is taken without waiting."""

import asyncio

import pytest

from service.begun import Begun

pytestmark = pytest.mark.anyio


async def answer_after(gate: asyncio.Event) -> str:
    """Waits at the gate twice, and says whether it was told to stop there."""
    try:
        await gate.wait()
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        return "stopped"
    return "passed"


async def test_an_answer_that_is_there_needs_no_wait() -> None:
    """A coroutine that does not wait is done at once, and has its answer."""

    async def at_once() -> int:
        return 7

    begun = Begun(at_once())
    assert begun.is_done
    assert begun.answer == 7


async def test_an_exception_comes_out_where_it_is_begun() -> None:
    """What fails without waiting fails at once."""

    async def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        Begun(fails())


async def test_what_waits_is_finished_by_its_rest() -> None:
    """A coroutine that waits goes on where it was, as often as it has to wait."""
    gate = asyncio.Event()
    begun = Begun(answer_after(gate))
    assert not begun.is_done
    asyncio.get_running_loop().call_soon(gate.set)
    assert await begun.rest() == "passed"


async def test_a_timeout_reaches_what_waits() -> None:
    """When time is up the coroutine hears of it, where it waits."""
    begun = Begun(answer_after(asyncio.Event()))
    async with asyncio.timeout(0):
        assert await begun.rest() == "stopped"
