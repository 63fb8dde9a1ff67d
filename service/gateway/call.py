"""What plain and streamed calls have in common: a hold first, and always an outcome."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

import structlog

from service.billing.ledger import StoredAnswer
from service.billing.money import Tokens
from service.gateway.bill import Bill, Purse
from service.gateway.charges import Till
from service.gateway.dialects import Dialect, choices_of, of_answer, texts_in, usage_of
from service.gateway.prepared_call import Order
from service.gateway.prompt import PromptCounter
from service.gateway.running_calls import Deadline
from service.gateway.upstream import Upstream
from service.gateway.upstream_faults import UpstreamFault
from service.http.errors import INTERNAL, UNAVAILABLE, Refusal
from service.http.responses import Reply
from service.runtime.background import is_failure

DONE_EVENT = b"data: [DONE]\n\n"
# Made once: `json.dumps` would make an encoder for each answer.
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ESCAPED: Final = json.JSONEncoder(separators=(",", ":"))


class Envelope(NamedTuple):
    """What all parts of one answer have in common. `created` is in seconds since 1970."""

    id: str
    model: str
    fingerprint: str
    created: int

    def completion(self, choices: Sequence[Any], usage: Mapping[str, Any]) -> bytes:
        """A whole answer."""
        return encode({**self._head("chat.completion"), "choices": choices, "usage": usage, **self._tail()})

    def chunk(self, choices: Sequence[Any], extra: Mapping[str, Any]) -> bytes:
        """One event of a stream."""
        return event({**self._head("chat.completion.chunk"), "choices": choices, **self._tail(), **extra})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _tail(self) -> dict[str, Any]:
        return {"system_fingerprint": self.fingerprint}


def event(value: Mapping[str, Any]) -> bytes:
    """A nameless server-sent event: named ones break clients."""
    return b"data: " + encode(value) + b"\n\n"


def encode(value: Mapping[str, Any]) -> bytes:
    """Compact JSON. Half a character, as a model may write it at the end of a chunk, stays an escape."""
    try:
        return _PLAIN.encode(value).encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(value).encode()


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Means:
    """What every call works with. `at_point` hears how far a call is; tests end the process there."""

    upstream: Upstream
    till: Till
    counter: PromptCounter
    at_point: Callable[[str], None]
    dialect: Dialect = "openai"


class HeldCall(ABC, Generic[Answer]):
    """A call that runs by itself once it is started; `outcome` is what its caller waits for, and it always comes.

    `answer` is the whole answer, in the end, of a call that may be asked for it again.
    """

    def __init__(self, order: Order, means: Means) -> None:
        self.order = order
        self.means = means
        self.deadline = Deadline()
        self.bill: Bill | None = None
        self.answer: StoredAnswer | None = None
        self.outcome: asyncio.Future[Answer | Refusal] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """See RunningCall. Whatever breaks, the hold is closed and the caller hears of it."""
        try:
            held = await self.means.till.hold(self.order)
            if isinstance(held, Refusal):
                self.outcome.set_result(held)
                return
            self.means.at_point("held")
            await self._go_on(held)
        except BaseException as error:
            if not is_failure(error):
                raise  # the process ends: the hold is closed by the sweeper of another
            structlog.get_logger("gateway").error("call_broke", call=self.order.id, exc_info=error)
            await self._break_off()
        finally:
            if not self.outcome.done():
                self.outcome.set_result(INTERNAL)
            self._over()

    @abstractmethod
    async def _go_on(self, purse: Purse) -> None:
        """Ask the upstream, close the hold, and set the outcome; `purse` is the money after the hold."""

    @abstractmethod
    async def _break_off(self) -> None:
        """Close a hold that is still open: what the caller has is charged, and what it has not is free."""

    def _over(self) -> None:
        """Called when the call is over, however it ended."""


CONTENT_TYPE = b"application/json"


class PlainCall(HeldCall[Reply]):
    """Held, asked, settled; then `outcome` is there. It goes on if the caller hangs up, and is charged."""

    def __init__(self, order: Order, envelope: Envelope, means: Means) -> None:
        super().__init__(order, means)
        self.envelope = envelope

    async def _go_on(self, purse: Purse) -> None:
        self.outcome.set_result(await self._answered())

    async def _answered(self) -> Reply | Refusal:
        try:
            answer = await self._asked()
        except UpstreamFault as fault:
            self.means.upstream.note_fault(self.order.id, fault)
            await self.means.till.void(self.order, fault.refusal.code)
            return fault.refusal
        if answer is None:
            await self.means.till.void(self.order, self.deadline.reason)
            return UNAVAILABLE
        self.means.at_point("answered")
        self.bill = await self._settled(answer)
        if self.bill is None:
            return UNAVAILABLE
        self.means.at_point("settled")
        return await self._reply(answer, self.bill)

    async def _break_off(self) -> None:
        if self.bill is None:
            await self.means.till.void(self.order, INTERNAL.code)

    async def _asked(self) -> dict[str, Any] | None:
        answer = None
        async with self.deadline:
            answer = await self.means.upstream.complete(self.order.body, self.order.span)
        return None if answer is None else {**answer, "choices": choices_of(answer)}

    async def _settled(self, answer: dict[str, Any]) -> Bill | None:
        reported = usage_of(answer, self.means.dialect)
        texts = [] if reported.output else [text for one in answer["choices"] for _, text in texts_in(one["message"])]
        usage = of_answer(reported, has_text=bool(texts))
        used_output = usage.output
        if used_output is None:
            used_output = await self.means.counter.tokens(texts, self.order.principal.account_id)
        used_input = self.order.size.counted if usage.input is None else usage.input
        estimated = usage.input is None or usage.output is None
        return await self.means.till.settle(
            self.order, Tokens(used_input, used_output), "completed", estimated=estimated, usage_fault=usage.fault
        )

    async def _reply(self, answer: dict[str, Any], bill: Bill) -> Reply:
        body = self.envelope.completion(answer["choices"], {**usage_of(answer).details, **bill.usage()})
        reply = Reply(200, body, bill.headers(), CONTENT_TYPE)
        self.answer = StoredAnswer(reply.headers, body, CONTENT_TYPE)
        await self.means.till.keep(self.order, self.answer)
        return reply
