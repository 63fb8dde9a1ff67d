"""Calls of the upstream that are paid for: what all share, those with one answer, and those in progress."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import structlog

from service.billing.charges import BalanceSnapshot, Billing, CallBill
from service.billing.ledger import StoredAnswer
from service.billing.money import Tokens
from service.gateway.dialects import ParsedAnswer, UpstreamDialect, parse_answer
from service.gateway.prepared_call import PreparedCall, PromptCounter
from service.gateway.upstream import UpstreamModel
from service.gateway.upstream_faults import UpstreamFault
from service.http.context import Hold
from service.http.errors import INTERNAL, UNAVAILABLE, Refusal
from service.http.responses import Reply
from service.runtime.background import is_failure

JSON_CONTENT_TYPE = b"application/json"
DONE_EVENT = b"data: [DONE]\n\n"
# Why calls end that still run when the service stops.
SHUTDOWN = "shutdown"
# Module constants, because `json.dumps` with options creates an encoder for each answer.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ASCII_ENCODER: Final = json.JSONEncoder(separators=(",", ":"))
AnswerT = TypeVar("AnswerT")


class Envelope(NamedTuple):
    """The properties that all parts of one answer in OpenAI's format share. `created` is in seconds since 1970."""

    id: str
    model: str
    fingerprint: str
    created: int

    def completion(self, choices: Sequence[Any], usage: Mapping[str, Any]) -> bytes:
        """Return a whole answer as JSON."""
        return encode_answer({**self._head("chat.completion"), "choices": choices, "usage": usage, **self._tail()})

    def chunk(self, choices: Sequence[Any], extra: Mapping[str, Any]) -> bytes:
        """Return one event of a stream. It has no `event:` line, because clients of OpenAI do not expect one."""
        chunk = {**self._head("chat.completion.chunk"), "choices": choices, **self._tail(), **extra}
        return b"data: " + encode_answer(chunk) + b"\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _tail(self) -> dict[str, Any]:
        return {"system_fingerprint": self.fingerprint}


def encode_answer(value: Mapping[str, Any]) -> bytes:
    """Return compact JSON in UTF-8. An answer with a lone surrogate, as a chunk may end with, is escaped."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return _ASCII_ENCODER.encode(value).encode()


@dataclass(frozen=True, slots=True)
class CallContext:
    """What every call works with. `dialect` is how the upstream reports usage."""

    upstream: UpstreamModel
    billing: Billing
    counter: PromptCounter
    dialect: UpstreamDialect = "openai"


class Deadline:
    """Cancels the block under it at a time that may be brought forward from outside; `reason` then says why.

    It starts at infinity; `bring_forward` never moves it back.
    """

    def __init__(self) -> None:
        self.at = float("inf")
        self.reason = ""
        self.is_over = False
        self._timer: asyncio.Timeout | None = None

    def bring_forward(self, seconds: float, reason: str) -> None:
        """End the block after at most `seconds` from now."""
        at = asyncio.get_running_loop().time() + seconds
        if at >= self.at:
            return
        self.at, self.reason = at, reason
        if self._timer is not None:
            self._timer.reschedule(at)

    async def __aenter__(self) -> None:
        """Enforce the deadline from now on."""
        self._timer = asyncio.timeout_at(None if self.at == float("inf") else self.at)
        await self._timer.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Stop enforcing the deadline. A block that it cancelled is left without an exception."""
        timer, self._timer = self._timer, None
        if timer is not None:
            try:
                await timer.__aexit__(kind, error, trace)
            except TimeoutError:
                self.is_over = True
        return self.is_over


class GatewayCall(ABC, Generic[AnswerT]):
    """A call that runs in a task of its own once it is started, and settles whether or not its caller waits.

    `outcome` is always set in the end. `answer` is the whole answer of a finished call that may be asked for it again.
    """

    def __init__(self, prepared: PreparedCall, context: CallContext) -> None:
        self.prepared = prepared
        self.billable = prepared.billable
        self.context = context
        self.deadline = Deadline()
        self.bill: CallBill | None = None
        self.answer: StoredAnswer | None = None
        self.outcome: asyncio.Future[AnswerT | Refusal] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Authorize the call and carry it out. Whatever fails, close the hold and set the outcome."""
        try:
            authorized = await self.context.billing.authorize(self.billable)
            if isinstance(authorized, Refusal):
                self.outcome.set_result(authorized)
                return
            await self._carry_out(authorized)
        except BaseException as error:
            if not is_failure(error):
                raise  # the process ends: another one's sweeper closes the hold
            structlog.get_logger("gateway").error("call_broke", call=self.billable.id, exc_info=error)
            await self._break_off()
        finally:
            if not self.outcome.done():
                self.outcome.set_result(INTERNAL)
            self._finish()

    @abstractmethod
    async def _carry_out(self, snapshot: BalanceSnapshot) -> None:
        """Ask the upstream, close the hold, and set the outcome; `snapshot` is the balance after the hold."""

    @abstractmethod
    async def _break_off(self) -> None:
        """Close a hold that is still open: capture what was delivered, release the rest."""

    async def _store_answer(self) -> None:
        """Store the answer for repetitions of the call, if it has an idempotency key and a whole answer."""
        if self.billable.claim is not None and self.answer is not None:
            await self.context.billing.store_answer(self.billable, self.answer)

    def _finish(self) -> None:
        """Clean up after the call, however it ended. The base class has nothing to clean up."""


class PlainCall(GatewayCall[Reply]):
    """A call with one answer. If the caller hangs up it goes on, and is charged."""

    def __init__(self, prepared: PreparedCall, envelope: Envelope, context: CallContext) -> None:
        super().__init__(prepared, context)
        self.envelope = envelope

    async def _carry_out(self, snapshot: BalanceSnapshot) -> None:
        self.outcome.set_result(await self._answer())

    async def _answer(self) -> Reply | Refusal:
        billing = self.context.billing
        try:
            answer = await self._ask()
        except UpstreamFault as fault:
            self.context.upstream.record_fault(self.billable.id, fault)
            await billing.release(self.billable, fault.refusal.code)
            return fault.refusal
        if answer is None:
            await billing.release(self.billable, self.deadline.reason)
            return UNAVAILABLE
        self.bill = await self._capture(answer)
        if self.bill is None:
            return UNAVAILABLE
        return await self._reply(answer, self.bill)

    async def _break_off(self) -> None:
        if self.bill is None:
            await self.context.billing.release(self.billable, INTERNAL.code)

    async def _ask(self) -> ParsedAnswer | None:
        """Return the upstream's answer, or None if the deadline came first. Raise UpstreamFault."""
        answer = None
        async with self.deadline:
            answer = await self.context.upstream.complete(self.prepared.upstream_body, self.billable.span)
        return None if answer is None else parse_answer(answer, self.context.dialect)

    async def _capture(self, answer: ParsedAnswer) -> CallBill | None:
        """Charge the reported tokens; those that are not reported are counted here."""
        usage = answer.usage
        used_output = usage.output
        if used_output is None:
            used_output = await self.context.counter.count_output(answer.texts, self.billable.account_id)
        used_input = self.prepared.size.counted if usage.input is None else usage.input
        used = Tokens(used_input, used_output)
        estimated = usage.input is None or usage.output is None
        return await self.context.billing.capture(
            self.billable, used, "completed", estimated=estimated, usage_fault=usage.fault
        )

    async def _reply(self, answer: ParsedAnswer, bill: CallBill) -> Reply:
        body = self.envelope.completion(answer.choices, {**answer.usage.details, **bill.usage()})
        reply = Reply(200, body, bill.headers(), JSON_CONTENT_TYPE)
        self.answer = StoredAnswer(reply.headers, body, JSON_CONTENT_TYPE)
        await self._store_answer()
        return reply


class RunningCall(Protocol):
    """What the registry needs of a call."""

    @property
    def deadline(self) -> Deadline:
        """The latest time at which the call ends."""

    def run(self) -> Coroutine[Any, Any, None]:
        """Run the whole call, from authorization to settlement."""


class AbandonableCall(RunningCall, Protocol):
    """A call whose caller may hang up."""

    def abandon(self, *, drain: bool) -> None:
        """Notify the call that its caller has gone; without `drain` the call ends immediately."""


class RunningCalls:
    """Keeps every call alive until it is settled, and ends all of them when the service stops.

    At most `max_drains` calls whose callers have gone are read on to their end.
    """

    def __init__(self, max_drains: int) -> None:
        self.max_drains = max_drains
        self.is_closing = False
        self._drains: set[RunningCall] = set()
        self._running: dict[RunningCall, asyncio.Task[None]] = {}
        self._closes_at: float | None = None

    def start(self, call: RunningCall, hold: Hold | None = None) -> None:
        """Run a call in a task, and release the memory that its request holds when it ends."""
        if self._closes_at is not None:
            call.deadline.bring_forward(self._closes_at - asyncio.get_running_loop().time(), SHUTDOWN)
        task = self._running[call] = asyncio.create_task(call.run())
        task.add_done_callback(partial(self._end, call))
        if hold is not None:
            task.add_done_callback(lambda _: hold.release())

    def abandon(self, call: AbandonableCall) -> None:
        """Notify a call that its caller has gone. A call that has ended is left alone."""
        if call in self._running and call not in self._drains:
            call.abandon(drain=len(self._drains) < self.max_drains)
            self._drains.add(call)

    def task_of(self, call: RunningCall) -> asyncio.Task[None] | None:
        """Return the task of a call, or None if the call has ended."""
        return self._running.get(call)

    def close_in(self, seconds: float) -> None:
        """Refuse new calls from now on, and end those in progress after `seconds`."""
        self.is_closing = True
        self._closes_at = asyncio.get_running_loop().time() + seconds
        for call in self._running:
            call.deadline.bring_forward(seconds, SHUTDOWN)

    async def close(self) -> None:
        """End all calls now, and wait until each is settled."""
        self.close_in(0)
        if self._running:
            await asyncio.wait(self._running.values())

    def __len__(self) -> int:
        return len(self._running)

    def _end(self, call: RunningCall, task: asyncio.Task[None]) -> None:
        del self._running[call]
        self._drains.discard(call)
        if not task.cancelled() and (error := task.exception()) is not None:
            structlog.get_logger("gateway").error("call_broke", exc_info=error)
