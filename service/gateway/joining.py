"""Retries of an SDK that gave up waiting: each gets the answer of the call that it left, instead of a second charge.

SDKs made with Stainless, such as OpenAI's, count the attempts of a call in a header. When the caller of such a call
hangs up, the call is noted under a digest of its key and body; a later attempt with the same key and body waits for it,
or takes its answer. The store is asked only then: neither for a first attempt nor for one whose caller stays.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import NamedTuple, Protocol

import structlog
from starlette.types import Receive, Scope

from service.billing.ledger import StoredAnswer
from service.gateway.prepared_call import Order
from service.gateway.running_calls import Calls, RunningCall
from service.http.errors import CALLER_GONE, UNAVAILABLE, Refusal
from service.http.request_limits import named_headers
from service.http.responses import Header, Reply, disconnected
from service.limits import CountersUnreachable
from service.storage.redis import FAULTS, Client
from service.tokens.counting_pool import Caller

TIMEOUT_SECONDS = 1.0
# Of the same form as the counters' own, for stores that let their user write to such keys alone.
RUNNING_KEY, ANSWERS_KEY = "rl:{{left-{}}}:r", "rl:{{left-{}}}:a"
MAX_ANSWERS = 8

RUN = """
redis.call('SADD', KEYS[1], ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
END = """
redis.call('SREM', KEYS[1], ARGV[1])
if ARGV[2] ~= '' then
    redis.call('RPUSH', KEYS[2], ARGV[2])
    redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
    redis.call('EXPIRE', KEYS[2], ARGV[3])
end
return 1
"""
TAKE = """
return {redis.call('LPOP', KEYS[2]), redis.call('EXISTS', KEYS[1])}
"""


class Found(NamedTuple):
    """The oldest answer under a mark, which is taken out of the store; and whether a call under it runs."""

    answer: bytes | None
    is_running: bool


class RedisLeftCalls:
    """Keeps calls under the marks of their requests. Every method raises CountersUnreachable."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def run(self, mark: str, call_id: str, lease_seconds: int) -> None:
        """Note for `lease_seconds` that a call runs."""
        await self._eval(RUN, mark, call_id, lease_seconds)

    async def end(self, mark: str, call_id: str, answer: bytes, keep_seconds: int) -> None:
        """Note that a call is over, and keep its answer unless that is empty: in one step, so that who waits for the
        call finds either."""
        await self._eval(END, mark, call_id, answer, keep_seconds, MAX_ANSWERS)

    async def take(self, mark: str) -> Found:
        """Return what there is; each answer is returned once."""
        answer, running = await self._eval(TAKE, mark)
        return Found(answer, bool(running))

    async def _eval(self, script: str, mark: str, *arguments: str | bytes | int) -> list[bytes | None]:
        keys = (RUNNING_KEY.format(mark), ANSWERS_KEY.format(mark))
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                found: list[bytes | None] = await self._client.eval(script, 2, *keys, *arguments)
        except FAULTS as error:
            raise CountersUnreachable(type(error).__name__) from error
        return found


RETRY_COUNT = b"x-stainless-retry-count"
JOINED = b"x-joined-request-id"
MAX_COUNT_DIGITS = 3
MAX_ANSWER_BYTES = 1_000_000
# A call of a process that was killed is waited for no longer than its lease.
LEASE_SECONDS, RENEW_SECONDS = 10, 3.0
KEEP_SECONDS = 120
# SDKs wait for at least 0.375 s before they try again. A task for each short call would cost as much as its reply.
WATCH_AFTER_SECONDS = 0.2
POLL_SECONDS = 0.2


class LeftCalls(Protocol):
    """Where calls that were left are noted, for all processes. Every method raises CountersUnreachable."""

    async def run(self, mark: str, call_id: str, lease_seconds: int) -> None:
        """Note for `lease_seconds` that a call runs."""

    async def end(self, mark: str, call_id: str, answer: bytes, keep_seconds: int) -> None:
        """Note that a call is over, and keep its answer unless that is empty."""

    async def take(self, mark: str) -> Found:
        """Return what there is; each answer is returned once."""


class LeftCall(RunningCall, Protocol):
    """A call whose caller has hung up."""

    @property
    def order(self) -> Order:
        """What was asked."""

    @property
    def answer(self) -> StoredAnswer | None:
        """The whole answer, once the call is over and has one."""


class Attempt(NamedTuple):
    """An attempt at a call: the first has the number 0. `mark` is the same for all with this key and body."""

    number: int
    mark: str

    @classmethod
    def of(cls, number: int, key_id: str, body_digest: str) -> "Attempt":
        """Return the attempt of that number with that key and a body of that digest."""
        return cls(number, sha256(f"{key_id} {body_digest}".encode()).hexdigest())


def attempt_number(scope: Scope) -> int | None:
    """Return which attempt a request is, or None if it does not say so."""
    value = named_headers(scope).get(RETRY_COUNT)
    if value is None or not value.isdigit() or len(value) > MAX_COUNT_DIGITS:
        return None
    return int(value)


class Joining:
    """Notes calls that were left, and has later attempts join them. Without the store every attempt is a call."""

    def __init__(self, left_calls: LeftCalls, calls: Calls) -> None:
        self.left_calls = left_calls
        self.calls = calls
        self.log = structlog.get_logger("gateway")
        self._following: set[asyncio.Task[None]] = set()

    async def earlier(self, attempt: Attempt, caller: Caller) -> Reply | Refusal | None:
        """Return the answer of a call that an earlier attempt left, when it is there; None if there is no such call."""
        try:
            found = await self.left_calls.take(attempt.mark)
        except CountersUnreachable:
            return None
        if found.answer is None and not found.is_running:
            return None
        gone = asyncio.create_task(caller.gone())
        try:
            return await self._joined(attempt, found, gone)
        finally:
            gone.cancel()

    @contextmanager
    def watching(self, receive: Receive, on_left: Callable[[], None]) -> Iterator[None]:
        """For the time of the block `on_left` is called if the caller hangs up, or has done so before it is watched."""
        tasks: list[asyncio.Task[None]] = []

        def watch() -> None:
            gone = asyncio.create_task(disconnected(receive))
            gone.add_done_callback(lambda _: None if gone.cancelled() else on_left())
            tasks.append(gone)

        timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, watch)
        try:
            yield
        finally:
            timer.cancel()
            for gone in tasks:
                gone.cancel()

    def left(self, attempt: Attempt, call: LeftCall) -> None:
        """Note that the caller of this call has hung up, and keep its answer for a later attempt."""
        task = asyncio.create_task(self._follow(attempt.mark, call))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def close(self) -> None:
        """Wait until what is noted of calls that are over is written."""
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _joined(self, attempt: Attempt, found: Found, gone: "asyncio.Task[None]") -> Reply | Refusal | None:
        seen_at = asyncio.get_running_loop().time()
        while found.answer is None:
            await asyncio.wait({gone}, timeout=POLL_SECONDS)
            if gone.done():
                return CALLER_GONE
            if self.calls.is_closing:
                return UNAVAILABLE
            now = asyncio.get_running_loop().time()
            try:
                found = await self.left_calls.take(attempt.mark)
            except CountersUnreachable:
                if now - seen_at < LEASE_SECONDS:
                    continue
                return None
            if found.answer is None and not found.is_running:
                return None
            seen_at = now
        if gone.done():
            await self._end(attempt.mark, "", found.answer)  # for the attempt after this one
            return CALLER_GONE
        call_id, reply = _decoded(found.answer)
        self.log.info("retry_joined", call=call_id, attempt=attempt.number)
        return reply

    async def _follow(self, mark: str, call: LeftCall) -> None:
        """Keep a call noted for as long as it runs, and then its answer."""
        running = self.calls.task_of(call)
        while running is not None and not running.done():
            with suppress(CountersUnreachable):
                await self.left_calls.run(mark, call.order.id, LEASE_SECONDS)
            await asyncio.wait({running}, timeout=RENEW_SECONDS)
        answer = call.answer
        fits = answer is not None and len(answer.body) <= MAX_ANSWER_BYTES
        await self._end(mark, call.order.id, _encoded(call, answer) if answer is not None and fits else b"")

    async def _end(self, mark: str, call_id: str, answer: bytes) -> None:
        try:
            await self.left_calls.end(mark, call_id, answer, KEEP_SECONDS)
        except CountersUnreachable as error:
            self.log.warning("left_call_not_kept", call=call_id, reason=error.reason)


def _encoded(call: LeftCall, answer: StoredAnswer) -> bytes:
    """A line of JSON, and the body after it."""
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    head = [call.order.id, call.order.trace_id, answer.content_type.decode("latin-1"), headers]
    return json.dumps(head).encode() + b"\n" + answer.body


def _decoded(kept: bytes) -> tuple[str, Reply]:
    """Return the id of the call, and the reply to the one who joined it."""
    head, _, body = kept.partition(b"\n")
    call_id, request_id, content_type, named = json.loads(head)
    headers: list[Header] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named]
    headers.append((JOINED, request_id.encode()))
    return call_id, Reply(200, body, headers, content_type.encode("latin-1"))
