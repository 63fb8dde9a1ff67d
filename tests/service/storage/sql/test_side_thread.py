"""What waits is done at the event loop's side, one thing after the other."""

import asyncio
import threading

import pytest

from service.storage.sql.side_thread import SideThread

pytestmark = pytest.mark.anyio


async def test_what_is_done_is_answered_in_order() -> None:
    """Outcomes come in the order of the work, from one other thread; errors are raised where they are waited for."""
    thread, names = SideThread("side"), list[str]()
    work = [thread.run(lambda: names.append(threading.current_thread().name)) for _ in range(3)]
    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 / 0)
    assert all(one.done() for one in work)
    assert names == ["side"] * 3
    thread.close()


@pytest.mark.promise(48)
def test_the_thread_outlives_a_loop_that_was_closed() -> None:
    """Work whose loop is gone when it is done has nobody to answer; the next loop's work is done all the same."""
    thread, go = SideThread("side"), threading.Event()

    async def leave() -> None:
        thread.run(lambda: go.wait(5))

    asyncio.run(leave())
    go.set()

    async def ask() -> int:
        return await asyncio.wait_for(thread.run(lambda: 1), timeout=5)

    assert asyncio.run(ask()) == 1
    thread.close()


async def test_what_was_begun_ends() -> None:
    """Work goes on when nobody waits for it any more, and `close` waits for it."""
    thread, go, ended = SideThread("side"), threading.Event(), threading.Event()

    def work() -> None:
        go.wait(5)
        ended.set()

    thread.run(work).cancel()
    await asyncio.sleep(0)
    go.set()
    thread.close()
    assert ended.is_set()
    assert "side" not in {one.name for one in threading.enumerate()}
