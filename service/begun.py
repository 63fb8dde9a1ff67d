"""What is there already is taken without a timer; only what has to be waited for is waited for in bounds."""

import types
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class Begun(Generic[Answer]):
    """A coroutine that has gone as far as it can without waiting. If it `is_done`, its answer is there."""

    __slots__ = ("_awaited", "_coroutine", "answer", "is_done")

    answer: Answer

    def __init__(self, coroutine: Coroutine[Any, Any, Answer]) -> None:
        self._coroutine = coroutine
        self.is_done = False
        try:
            self._awaited = coroutine.send(None)
        except StopIteration as end:
            self.is_done = True
            self.answer = end.value

    @types.coroutine
    def rest(self) -> Generator[Any, Any, Answer]:
        """Go on to the end, in the same task. For one that is not done."""
        awaited = self._awaited
        while True:
            fault: BaseException | None = None
            try:
                yield awaited
            except BaseException as error:  # a cancellation: the coroutine's own matter
                fault = error
            try:
                awaited = self._coroutine.throw(fault) if fault is not None else self._coroutine.send(None)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
