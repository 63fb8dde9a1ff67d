"""A call whose answer comes in one piece."""

from typing import Any

from service.billing.ledger import StoredAnswer
from service.billing.money import Tokens
from service.gateway.answers import sent_back
from service.gateway.bill import Bill, Purse
from service.gateway.call import HeldCall, Means
from service.gateway.envelope import Envelope
from service.gateway.faults import BadUpstreamResponse, UpstreamFault
from service.gateway.fields import Invalid
from service.gateway.order import Order
from service.gateway.reported_usage import of_answer, usage_of
from service.gateway.transcript import check_message, finish_reason_of, texts_in
from service.http.errors import INTERNAL, UNAVAILABLE, Refusal
from service.http.responses import Reply

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


def choices_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
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
    message = choice["message"]
    check_message(message)
    try:
        sent_back("message", message, with_reasoning=True)
    except Invalid as fault:
        raise BadUpstreamResponse(f"the caller could not send it back: {fault}") from None
    shown = {"index": choice.get("index", number), "message": message | {"role": "assistant"}}
    logprobs = {"logprobs": choice["logprobs"]} if choice.get("logprobs") else {}
    return shown | logprobs | {"finish_reason": finish_reason_of(choice) or "stop"}
