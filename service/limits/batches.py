"""Calls made in one turn of the event loop travel together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

# After a batch: one turn in which the answered calls reply, one in which the next ones come in, one in which they ask.
TURNS_TO_GATHER: Final = 3


class Batches(Generic[Question, Answer]):
    """Sends questions in batches of up to `most`, one batch at a time.

    While a batch is on its way, questions gather for the next: the busier the process, the larger the batches. After
    one of several questions the next waits some turns, in which those who were answered may ask again: a round trip
    costs as much as a call, whatever it carries. If `send` raises, everybody who waits gets the exception, also those
    whose question had not been sent; so no caller waits for longer than two sends take.
    """

    def __init__(self, send: Callable[[Sequence[Question]], Awaitable[Sequence[Answer]]], most: int) -> None:
        self._send = send
        self._most = most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer to `question`, or the exception of its batch."""
        return await self.put(question)

    def put(self, question: Question) -> "asyncio.Future[Answer]":
        """The same, to be waited for."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._sender is None:
            self.begin()
        return answer

    def begin(self) -> None:
        """Send a batch now, an empty one if there are no questions; unless one is on its way."""
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())

    async def idle(self) -> None:
        """Wait until no batch is on its way."""
        while self._sender is not None:
            await asyncio.wait([self._sender])

    async def _send_all(self) -> None:
        try:
            more = True
            while more:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._send_batch(batch)
                for _ in range(TURNS_TO_GATHER if len(batch) > 1 else 0):
                    await asyncio.sleep(0)
                more = bool(self._waiting)
        except asyncio.CancelledError:
            for _, waiter in self._waiting:
                waiter.cancel()
            self._waiting = []
            raise
        finally:
            self._sender = None

    async def _send_batch(self, batch: Sequence[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._send([question for question, _ in batch])
            answered = list(zip(batch, answers, strict=True))
        except asyncio.CancelledError:
            for _, waiter in batch:
                waiter.cancel()
            raise
        except Exception as error:
            given_up, self._waiting = self._waiting, []
            for _, waiter in (*batch, *given_up):
                if not waiter.done():
                    waiter.set_exception(error)
            return
        for (_, waiter), answer in answered:
            if not waiter.done():
                waiter.set_result(answer)
