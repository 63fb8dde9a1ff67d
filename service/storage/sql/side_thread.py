"""A thread for what waits, at an event loop's side: an executor takes longer for a task than most tasks here do."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Done = TypeVar("Done")
_Task = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class SideThread:
    """Does one thing after the other. It begins with the first and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, work: Callable[[], Done]) -> "asyncio.Future[Done]":
        """What `work` answers or raises. What was begun ends, also if no caller waits for it any more."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        outcome: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._tasks.put((work, outcome))
        return outcome

    def close(self) -> None:
        """Wait until all is done."""
        if self._thread is not None:
            self._tasks.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            work, outcome = task
            done, error = None, None
            try:
                done = work()
            except BaseException as raised:  # whatever it is, it is raised for who waits
                error = raised
            with suppress(
                RuntimeError
            ):  # the loop is closed: no caller waits for this any more, others may for the next
                outcome.get_loop().call_soon_threadsafe(_tell, outcome, done, error)
            del task, work, outcome, done, error


def _tell(outcome: "asyncio.Future[Any]", done: Any, error: BaseException | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(done)
    else:
        outcome.set_exception(error)
