"""A call whose answer is streamed: a task that reads the upstream, feeds the caller, and settles whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple

from service.billing.money import Tokens
from service.gateway.bill import Bill, Purse
from service.gateway.call import Envelope, HeldCall, Means
from service.gateway.dialects import Transcript, of_answer
from service.gateway.prepared_call import Order
from service.gateway.running_calls import SHUTDOWN
from service.gateway.stream_writer import AnswerWriter, Channel
from service.gateway.upstream_faults import UpstreamFault
from service.http.errors import BAD_KEY, BAD_UPSTREAM_RESPONSE, INTERNAL, UNAVAILABLE, UPSTREAM_TIMEOUT, Refusal
from service.runtime.background import report
from service.storage.errors import StoreUnavailable

MAX_WAITING_BYTES = 262_144
CALLER_GONE, KEY_REVOKED, TOO_LONG, AT_LIMIT, COMPLETED, BROKEN = (
    "caller_gone",
    "key_revoked",
    "stream_too_long",
    "cut_at_limit",
    "completed",
    "upstream_broke",
)
# Without news, every so many checkpoints the hold is renewed all the same.
QUIET_CHECKPOINTS = 8
FREE_PROBLEMS = {
    BROKEN: BAD_UPSTREAM_RESPONSE,
    SHUTDOWN: UNAVAILABLE.saying("The service is restarting. Nothing was charged."),
    TOO_LONG: UPSTREAM_TIMEOUT,
}
PROBLEMS = {
    BROKEN: BAD_UPSTREAM_RESPONSE.saying("The model's stream broke off. What was delivered is charged."),
    SHUTDOWN: UNAVAILABLE.saying("The service is restarting. What was delivered is charged."),
    TOO_LONG: UPSTREAM_TIMEOUT.saying("The stream took too long. What was delivered is charged."),
    CALLER_GONE: UNAVAILABLE,
    KEY_REVOKED: BAD_KEY.saying("The API key was revoked or has expired. What was delivered is charged."),
}
# The upstream was at work for its caller: the input is charged, also where no text came.
CALLERS_OWN = (CALLER_GONE, KEY_REVOKED)


class Patience(NamedTuple):
    """Times of a stream, in seconds: between checkpoints, its longest, and that without a caller."""

    checkpoint: float
    stream: float
    drain: float


class StreamedCall(HeldCall[Purse]):
    """Its answer comes through `channel` once `outcome` is there: the caller's money, or a refusal.

    `bill` is there when the channel is closed, unless the charge could not be written. `accepts_key` answers whether
    the key is still accepted: when it is not, the stream is cut.
    """

    def __init__(
        self,
        order: Order,
        envelope: Envelope,
        means: Means,
        patience: Patience,
        accepts_key: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(order, means)
        self.accepts_key = accepts_key
        self.patience = patience
        self.channel = Channel(MAX_WAITING_BYTES)
        self.failure: Refusal | None = None
        self.transcript = Transcript(order.request.choices, means.dialect)
        self.writer = AnswerWriter(
            self.channel,
            envelope,
            include_usage=order.request.include_usage,
            keeps=order.claim is not None,
            on_open=self._open,
        )
        self._purse: Purse | None = None
        self._noted: Tokens | None = None
        self._quiet_checkpoints = 0

    async def run(self) -> None:
        """See RunningCall."""
        meters = self.means.upstream.meters
        meters.stream_began()
        try:
            await super().run()
        finally:
            meters.stream_ended()

    async def _go_on(self, purse: Purse) -> None:
        self._purse = purse
        self.deadline.bring_forward(self.patience.stream, TOO_LONG)
        await self._end(await self._pump())

    def _over(self) -> None:
        self.channel.close()

    def caller_gone(self, *, drain: bool) -> None:
        """The caller has gone. With an idempotency key the stream goes on, for the caller's next try."""
        self.channel.abandon()
        if not drain:
            self.deadline.bring_forward(0, CALLER_GONE)
        elif self.order.claim is None:
            self.deadline.bring_forward(self.patience.drain, CALLER_GONE)

    def keep_answer(self) -> bool:
        """Keep the whole answer, if none of it has been said yet; return whether it is kept."""
        if not self.writer.is_open:
            self.writer.keeps = True
        return self.writer.keeps

    def _open(self) -> None:
        if self._purse is not None and not self.outcome.done():
            self.outcome.set_result(self._purse)
        self.means.at_point("opened")

    async def _pump(self) -> UpstreamFault | None:
        """Read the upstream to its end, or to the deadline; answers what broke, if anything did."""
        over = asyncio.Event()
        keeper = asyncio.create_task(self._keep_lease(over))
        try:
            answer = self.means.upstream.stream(self.order.body, self.order.span)
            async with self.deadline, aclosing(answer) as chunks:
                async for chunk in chunks:
                    for choice in self.transcript.take(chunk):
                        self.writer.pass_on(choice)
                    await self.channel.room()
        except UpstreamFault as fault:
            self.means.upstream.note_fault(self.order.id, fault)
            return fault
        finally:
            over.set()
            await keeper  # never cancelled: it may be in the middle of a transaction
        return None

    async def _keep_lease(self, over: asyncio.Event) -> None:
        """Renew the hold while the stream lives, with what it would be charged now."""
        while not await _set_within(over, self.patience.checkpoint):
            try:
                await self._checkpoint()
            except Exception as error:
                report("checkpoint of a stream", error)

    async def _checkpoint(self) -> None:
        used = await self._delivered() if self.writer.is_open else None
        if used is not None and used.output > self.order.bound.output + self.order.request.choices:
            self.deadline.bring_forward(0, AT_LIMIT)
        self._quiet_checkpoints += 1
        if used != self._noted or self._quiet_checkpoints == QUIET_CHECKPOINTS:
            await self.means.till.renew(self.order, used)
            self._noted, self._quiet_checkpoints = used, 0
            self.means.at_point("noted")
        if not await self._is_key_accepted():
            self.deadline.bring_forward(0, KEY_REVOKED)

    async def _is_key_accepted(self) -> bool:
        """Return whether the key is accepted; while the store is away it is as it was."""
        try:
            return await self.accepts_key()
        except StoreUnavailable:
            return True

    async def _written(self) -> Tokens:
        """What the call has used by our own count."""
        written = await self.means.counter.tokens(self.transcript.texts(), self.order.principal.account_id)
        return Tokens(self.order.size.counted, written)

    async def _delivered(self) -> Tokens:
        """What the call has used; if it cannot be counted, what was noted last."""
        try:
            return await self._written()
        except Exception as error:
            report("count of a stream", error)
            return self._noted or Tokens(self.order.size.counted, 0)

    def _outcome(self, fault: UpstreamFault | None) -> str:
        if self.deadline.is_over:
            return self.deadline.reason
        if self.transcript.is_complete:  # whatever came after the last finish_reason is no loss
            return COMPLETED
        return COMPLETED if fault is None and self.writer.has_something else BROKEN

    async def _end(self, fault: UpstreamFault | None) -> None:
        outcome = self._outcome(fault)
        if outcome not in (COMPLETED, *CALLERS_OWN) and not self.writer.has_something:
            await self._fail(fault, outcome)
            return
        self.means.at_point("settling")
        self.bill = await self._settle(outcome)
        self.means.at_point("settled")
        if self.bill is None:
            self.failure = UNAVAILABLE.saying("The answer is complete, but its charge could not be written.")
        elif outcome not in (COMPLETED, AT_LIMIT):
            self.failure = PROBLEMS[outcome] if fault is None else PROBLEMS[BROKEN]
        if self.bill is None or self.failure is not None:
            self.writer.end(self.writer.broken(self.failure or INTERNAL, self.bill))
            return
        finish_reason = "length" if outcome == AT_LIMIT else "stop"
        ending = self.writer.completed(self.bill, self.transcript, finish_reason)
        self.answer = self.writer.kept(self.bill, ending)
        await self.means.till.keep(self.order, self.answer)
        self.writer.end(ending)

    async def _fail(self, fault: UpstreamFault | None, outcome: str) -> None:
        """Nothing came: it costs nothing."""
        refusal = FREE_PROBLEMS[outcome] if fault is None else fault.refusal
        await self.means.till.void(self.order, refusal.code if outcome == BROKEN else outcome)
        self.outcome.set_result(refusal)

    async def _break_off(self) -> None:
        if not self.writer.is_open:
            if self.bill is None:
                await self.means.till.void(self.order, INTERNAL.code)
            return
        if self.bill is None:
            used = await self._delivered()
            self.bill = await self.means.till.settle(self.order, used, INTERNAL.code, estimated=True)
        self.failure = INTERNAL.saying("Something went wrong. What was delivered is charged.")
        self.writer.end([self.writer.failed(self.failure, self.bill)])

    async def _settle(self, outcome: str) -> Bill | None:
        """By the upstream's usage if the stream ended well, else by what was written."""
        usage = of_answer(self.transcript.usage, has_text=self.transcript.has_text)
        used = await self._delivered() if usage.output is None or outcome != COMPLETED else Tokens(0, usage.output)
        estimated = usage.input is None or usage.output is None or outcome != COMPLETED
        used_input = self.order.size.counted if usage.input is None else usage.input
        return await self.means.till.settle(
            self.order, Tokens(used_input, used.output), outcome, estimated=estimated, usage_fault=usage.fault
        )


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set before the time is over."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
