"""A call whose answer is streamed: a task that reads the upstream, feeds the caller, and settles in every case."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import NamedTuple

from service.billing.charges import BalanceSnapshot, CallBill
from service.billing.money import Tokens
from service.gateway.call import SHUTDOWN, CallContext, Envelope, GatewayCall
from service.gateway.dialects import Transcript, check_answer_usage
from service.gateway.prepared_call import PreparedCall
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
# The hold is renewed at least at every eighth checkpoint, even if nothing was written since.
MAX_QUIET_CHECKPOINTS = 8
# What the caller is sent if a stream ends early, before any text, which is free; and after some, which is charged.
FREE_PROBLEMS = {
    BROKEN: BAD_UPSTREAM_RESPONSE,
    SHUTDOWN: UNAVAILABLE.saying("The service is restarting. Nothing was charged."),
    TOO_LONG: UPSTREAM_TIMEOUT,
}
CHARGED_PROBLEMS = {
    BROKEN: BAD_UPSTREAM_RESPONSE.saying("The model's stream broke off. What was delivered is charged."),
    SHUTDOWN: UNAVAILABLE.saying("The service is restarting. What was delivered is charged."),
    TOO_LONG: UPSTREAM_TIMEOUT.saying("The stream took too long. What was delivered is charged."),
    CALLER_GONE: UNAVAILABLE,
    KEY_REVOKED: BAD_KEY.saying("The API key was revoked or has expired. What was delivered is charged."),
}
# The caller caused these ends while the upstream was working: the input is charged even if no text came.
CAUSED_BY_CALLER = (CALLER_GONE, KEY_REVOKED)


class StreamTimeouts(NamedTuple):
    """The time between two checkpoints, the longest time of a stream, and the longest after its caller has gone."""

    checkpoint_seconds: float
    stream_seconds: float
    drain_seconds: float


class StreamedCall(GatewayCall[BalanceSnapshot]):
    """A call whose answer goes through `channel` once `outcome` is set: to the balance, or to a refusal.

    When the channel is closed `bill` is set, unless the charge could not be written. `accepts_key` returns whether the
    key is still valid; when it is not, the stream is cut.
    """

    def __init__(
        self,
        prepared: PreparedCall,
        envelope: Envelope,
        context: CallContext,
        timeouts: StreamTimeouts,
        accepts_key: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__(prepared, context)
        self.accepts_key = accepts_key
        self.timeouts = timeouts
        self.channel = Channel(MAX_WAITING_BYTES)
        self.failure: Refusal | None = None
        self.transcript = Transcript(prepared.billable.choices, context.dialect)
        self.writer = AnswerWriter(
            self.channel,
            envelope,
            include_usage=prepared.request.include_usage,
            stores=self.billable.claim is not None,
            on_open=self._open,
        )
        self._snapshot: BalanceSnapshot | None = None
        self._recorded: Tokens | None = None
        self._quiet_checkpoints = 0

    async def run(self) -> None:
        """Run the whole call, and count it as an open stream meanwhile."""
        meters = self.context.upstream.meters
        meters.stream_began()
        try:
            await super().run()
        finally:
            meters.stream_ended()

    def abandon(self, *, drain: bool) -> None:
        """Stop feeding the caller, who has gone. With an idempotency key the stream goes on, for the repeated call."""
        self.channel.abandon()
        if not drain:
            self.deadline.bring_forward(0, CALLER_GONE)
        elif self.billable.claim is None:
            self.deadline.bring_forward(self.timeouts.drain_seconds, CALLER_GONE)

    def keep_answer(self) -> bool:
        """Keep the whole answer, if nothing of it was sent yet; return whether it is kept."""
        if not self.writer.is_open:
            self.writer.stores = True
        return self.writer.stores

    async def _carry_out(self, snapshot: BalanceSnapshot) -> None:
        self._snapshot = snapshot
        self.deadline.bring_forward(self.timeouts.stream_seconds, TOO_LONG)
        await self._end(await self._pump())

    def _finish(self) -> None:
        self.channel.close()

    def _open(self) -> None:
        if self._snapshot is not None and not self.outcome.done():
            self.outcome.set_result(self._snapshot)

    async def _pump(self) -> UpstreamFault | None:
        """Read the upstream until its end or the deadline. Return its fault, if there was one."""
        over = asyncio.Event()
        lease_keeper = asyncio.create_task(self._keep_lease(over))
        try:
            answer = self.context.upstream.stream(self.prepared.upstream_body, self.billable.span)
            async with self.deadline, aclosing(answer) as chunks:
                async for chunk in chunks:
                    for choice in self.transcript.add(chunk):
                        self.writer.write_choice(choice)
                    await self.channel.wait_for_room()
        except UpstreamFault as fault:
            self.context.upstream.record_fault(self.billable.id, fault)
            return fault
        finally:
            over.set()
            await lease_keeper  # not cancelled, because it may be in the middle of a transaction
        return None

    async def _keep_lease(self, over: asyncio.Event) -> None:
        """Renew the hold regularly until `over` is set, with what would be charged now."""
        while not await _is_set_within(over, self.timeouts.checkpoint_seconds):
            try:
                await self._checkpoint()
            except Exception as error:
                report("checkpoint of a stream", error)

    async def _checkpoint(self) -> None:
        used = await self._count_delivered() if self.writer.is_open else None
        if used is not None and used.output > self.billable.bound.output + self.billable.choices:
            self.deadline.bring_forward(0, AT_LIMIT)
        self._quiet_checkpoints += 1
        if used != self._recorded or self._quiet_checkpoints == MAX_QUIET_CHECKPOINTS:
            await self.context.billing.renew(self.billable, used)
            self._recorded, self._quiet_checkpoints = used, 0
        if not await self._is_key_accepted():
            self.deadline.bring_forward(0, KEY_REVOKED)

    async def _is_key_accepted(self) -> bool:
        """Return whether the key is still valid. While the store is away it counts as valid."""
        try:
            return await self.accepts_key()
        except StoreUnavailable:
            return True

    async def _count_delivered(self) -> Tokens:
        """Return the tokens used by our own count, or those recorded last if they cannot be counted."""
        try:
            written = await self.context.counter.count_output(self.transcript.texts(), self.billable.account_id)
        except Exception as error:
            report("count of a stream", error)
            return self._recorded or Tokens(self.prepared.size.counted, 0)
        return Tokens(self.prepared.size.counted, written)

    def _how_it_ended(self, fault: UpstreamFault | None) -> str:
        if self.deadline.is_over:
            return self.deadline.reason
        if self.transcript.is_complete:  # a fault after the last finish_reason loses nothing
            return COMPLETED
        return COMPLETED if fault is None and self.writer.has_something else BROKEN

    async def _end(self, fault: UpstreamFault | None) -> None:
        """Settle the call, and write the end of the answer."""
        outcome = self._how_it_ended(fault)
        if outcome not in (COMPLETED, *CAUSED_BY_CALLER) and not self.writer.has_something:
            await self._fail(fault, outcome)
            return
        self.bill = await self._capture(outcome)
        if self.bill is None:
            self.failure = UNAVAILABLE.saying("The answer is complete, but its charge could not be written.")
        elif outcome not in (COMPLETED, AT_LIMIT):
            self.failure = CHARGED_PROBLEMS[outcome] if fault is None else CHARGED_PROBLEMS[BROKEN]
        if self.bill is None or self.failure is not None:
            self.writer.end(self.writer.broken_ending(self.failure or INTERNAL, self.bill))
            return
        finish_reason = "length" if outcome == AT_LIMIT else "stop"
        ending = self.writer.complete_ending(self.bill, self.transcript, finish_reason)
        self.answer = self.writer.stored_answer(self.bill, ending)
        await self._store_answer()
        self.writer.end(ending)

    async def _fail(self, fault: UpstreamFault | None, outcome: str) -> None:
        """Release the hold and refuse the call: no text came, so it is free."""
        refusal = FREE_PROBLEMS[outcome] if fault is None else fault.refusal
        await self.context.billing.release(self.billable, refusal.code if outcome == BROKEN else outcome)
        self.outcome.set_result(refusal)

    async def _break_off(self) -> None:
        billing = self.context.billing
        if not self.writer.is_open:
            if self.bill is None:
                await billing.release(self.billable, INTERNAL.code)
            return
        if self.bill is None:
            used = await self._count_delivered()
            self.bill = await billing.capture(self.billable, used, INTERNAL.code, estimated=True)
        self.failure = INTERNAL.saying("Something went wrong. What was delivered is charged.")
        self.writer.end([self.writer.error_event(self.failure, self.bill)])

    async def _capture(self, outcome: str) -> CallBill | None:
        """Charge the reported tokens of a stream that ended well, otherwise the tokens counted here."""
        usage = check_answer_usage(self.transcript.usage, has_text=self.transcript.has_text)
        if usage.output is None or outcome != COMPLETED:
            output = (await self._count_delivered()).output
        else:
            output = usage.output
        used = Tokens(self.prepared.size.counted if usage.input is None else usage.input, output)
        estimated = usage.input is None or usage.output is None or outcome != COMPLETED
        return await self.context.billing.capture(
            self.billable, used, outcome, estimated=estimated, usage_fault=usage.fault
        )


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event, and return whether it was set in time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
