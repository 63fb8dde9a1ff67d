"""A call that is ready to be held and sent: everything about it that does not change any more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from service.auth.accounts import Principal
from service.billing.ledger import Claim
from service.billing.money import Tokens
from service.gateway.prompt import PromptSize
from service.gateway.request import ChatRequest
from service.http.context import RequestContext
from service.http.responses import Header
from service.observability.tracing import NO_SPAN, Span


class Order(NamedTuple):
    """`bound` is the most that may be charged for all answers together; `body` goes upstream, traced under `span`."""

    id: str
    trace_id: str
    principal: Principal
    request: ChatRequest
    size: PromptSize
    bound: Tokens
    body: Mapping[str, Any]
    placed_at: datetime
    claim: Claim | None = None
    span: Span = NO_SPAN

    @property
    def shown_id(self) -> str:
        """The id of the completion."""
        return f"chatcmpl-{self.id}"


@dataclass(frozen=True, slots=True)
class Orders:
    """Makes orders of valid requests. `new_id` gives ids that were never used."""

    usual_output_tokens: int
    most_output_tokens: int
    token_limit_field: str
    system_prompt: str | None
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def limit_of(self, request: ChatRequest) -> int:
        """Return the most tokens that one answer may have."""
        return min(request.max_tokens or self.usual_output_tokens, self.most_output_tokens)

    def notes(self, request: ChatRequest) -> list[Header]:
        """Return headers that say where a call is not what its caller asked for."""
        notes = []
        limit = self.limit_of(request)
        if request.max_tokens is not None and limit < request.max_tokens:
            notes.append((b"x-max-tokens-applied", b"%d" % limit))
        if request.dropped_messages:
            notes.append((b"x-system-messages-dropped", b"%d" % request.dropped_messages))
        return notes

    def place(
        self, request: ChatRequest, size: PromptSize, principal: Principal, context: RequestContext, claim: Claim | None
    ) -> Order:
        """An order, whose limit of tokens holds upstream too."""
        limit = self.limit_of(request)
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        body: dict[str, Any] = {
            "messages": [*system, *request.messages],
            **request.options,
            self.token_limit_field: limit,
        }
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        bound = Tokens(size.bound, limit * request.choices)
        return Order(
            self.new_id(), context.trace_id, principal, request, size, bound, body, self.now(), claim, context.span
        )
