"""Requests made in one turn of the event loop travel together, to Redis in one round trip or to SQL in one transaction.

A lone caller never waits for company.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class Batcher(Generic[Request, Reply]):
    """Sends requests in batches of up to `max_size`, one batch at a time.

    While a batch is on its way, requests queue for the next: the busier the process, the larger the batches. After a
    batch of several requests, others may join the next one: it waits `turns_before_batch` turns of the event loop from
    its first request on, or `turns_after_batch` turns from the end of the batch before. If `send` raises, all callers
    get the exception, also those whose request was not sent: no caller waits for longer than two sends take.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Request]], Awaitable[Sequence[Reply]]],
        max_size: int,
        *,
        turns_before_batch: int = 0,
        turns_after_batch: int = 0,
    ) -> None:
        self._send = send
        self._max_size = max_size
        self._turns_before_batch = turns_before_batch
        self._turns_after_batch = turns_after_batch
        self._last_size = 0
        self._queue: list[tuple[Request, asyncio.Future[Reply]]] = []
        self._sender: asyncio.Task[None] | None = None

    def put(self, request: Request) -> "asyncio.Future[Reply]":
        """Return a future with the reply to `request`, or the exception of its batch."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._queue.append((request, reply))
        if self._sender is None:
            self.begin()
        return reply

    def begin(self) -> None:
        """Send a batch now, even an empty one, unless one is on its way."""
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
                await self._let_others_join(self._turns_before_batch)
                batch, self._queue = self._queue[: self._max_size], self._queue[self._max_size :]
                self._last_size = len(batch)
                await self._send_batch(batch)
                await self._let_others_join(self._turns_after_batch)
                more = bool(self._queue)
        except asyncio.CancelledError:
            for _, reply in self._queue:
                reply.cancel()
            self._queue = []
            raise
        finally:
            self._sender = None

    async def _let_others_join(self, turns: int) -> None:
        for _ in range(turns if self._last_size > 1 else 0):
            await asyncio.sleep(0)

    async def _send_batch(self, batch: Sequence[tuple[Request, asyncio.Future[Reply]]]) -> None:
        try:
            replies = await self._send([request for request, _ in batch])
            answered = list(zip(batch, replies, strict=True))
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:
            given_up, self._queue = self._queue, []
            for _, future in (*batch, *given_up):
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), reply in answered:
            if not future.done():
                future.set_result(reply)
