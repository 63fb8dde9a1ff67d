"""A call whose answer comes in one piece."""

import asyncio
from collections.abc import Callable
from typing import Any

from service.errors import INTERNAL, UNAVAILABLE, Refusal
from service.gateway.bill import Bill
from service.gateway.deadline import Deadline
from service.gateway.envelope import Envelope
from service.gateway.faults import BadUpstreamResponse, UpstreamFault
from service.gateway.ledger import StoredAnswer
from service.gateway.money import Tokens
from service.gateway.order import Order
from service.gateway.prompt import PromptCounter
from service.gateway.till import Till
from service.gateway.transcript import texts_in, usage_of
from service.gateway.upstream import Upstream
from service.reply import Reply

CONTENT_TYPE = b"application/json"


class PlainCall:
    """Held, asked, settled; then `outcome` is there. It goes on if the caller hangs up, and is charged.

    `at_point` hears how far it is; tests end the process there.
    """

    def __init__(
        self,
        order: Order,
        envelope: Envelope,
        upstream: Upstream,
        till: Till,
        counter: PromptCounter,
        at_point: Callable[[str], None],
    ) -> None:
        self.order = order
        self.envelope = envelope
        self.upstream = upstream
        self.till = till
        self.counter = counter
        self.at_point = at_point
        self.deadline = Deadline()
        self.outcome: asyncio.Future[Reply | Refusal] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """See RunningCall."""
        try:
            self.outcome.set_result(await self._answered())
        finally:
            if not self.outcome.done():
                self.outcome.set_result(INTERNAL)

    async def _answered(self) -> Reply | Refusal:
        held = await self.till.hold(self.order)
        if isinstance(held, Refusal):
            return held
        self.at_point("held")
        try:
            answer = await self._asked()
        except UpstreamFault as fault:
            self.upstream.note_fault(self.order.id, fault)
            await self.till.void(self.order, fault.refusal.code)
            return fault.refusal
        if answer is None:
            await self.till.void(self.order, self.deadline.reason)
            return UNAVAILABLE
        self.at_point("answered")
        bill = await self._settled(answer)
        if bill is None:
            return UNAVAILABLE
        self.at_point("settled")
        return await self._reply(answer, bill)

    async def _asked(self) -> dict[str, Any] | None:
        answer = None
        async with self.deadline.guard():
            answer = await self.upstream.complete(self.order.body, self.order.span)
        return None if answer is None else {**answer, "choices": _choices(answer)}

    async def _settled(self, answer: dict[str, Any]) -> Bill | None:
        usage = usage_of(answer)
        used_output = usage.output
        if used_output is None:
            texts = [text for choice in answer["choices"] for _, text in texts_in(choice["message"])]
            used_output = await self.counter.tokens(texts)
        used_input = self.order.size.counted if usage.input is None else usage.input
        estimated = usage.input is None or usage.output is None
        return await self.till.settle(self.order, Tokens(used_input, used_output), "completed", estimated=estimated)

    async def _reply(self, answer: dict[str, Any], bill: Bill) -> Reply:
        body = self.envelope.completion(answer["choices"], {**usage_of(answer).details, **bill.usage()})
        reply = Reply(200, body, bill.headers(), CONTENT_TYPE)
        await self.till.keep(self.order, StoredAnswer(reply.headers, body, CONTENT_TYPE))
        return reply


def _choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The choices of a completion. Raises BadUpstreamResponse."""
    if answer.get("error"):
        raise BadUpstreamResponse(f"the answer is an error: {str(answer['error'])[:500]}")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise BadUpstreamResponse("the answer has no choices")
    return [_choice(number, choice) for number, choice in enumerate(choices)]


def _choice(number: int, choice: Any) -> dict[str, Any]:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise BadUpstreamResponse("a choice has no message")
    told = {"index": choice.get("index", number), "message": choice["message"]}
    logprobs = {"logprobs": choice["logprobs"]} if choice.get("logprobs") else {}
    return told | logprobs | {"finish_reason": choice.get("finish_reason") or "stop"}
