"""A call that is ready to be authorized and sent: everything about it that does not change any more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from service.auth.accounts import Principal
from service.billing.charges import BillableCall
from service.billing.ledger import Claim
from service.billing.money import Tokens
from service.gateway.prompt import PromptSize
from service.gateway.request import ChatRequest
from service.http.context import RequestContext
from service.http.responses import Header


class PreparedCall(NamedTuple):
    """A valid request with its size in tokens, what billing has to know of it, and the body for the upstream."""

    billable: BillableCall
    request: ChatRequest
    size: PromptSize
    upstream_body: Mapping[str, Any]
    created_at: datetime

    @property
    def completion_id(self) -> str:
        """The `id` of the completion."""
        return f"chatcmpl-{self.billable.id}"


@dataclass(frozen=True, slots=True)
class CallPreparer:
    """Prepares calls from valid requests. `new_id` returns an id that was never used before."""

    default_output_tokens: int
    max_output_tokens: int
    token_limit_field: str
    system_prompt: str | None
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def output_limit(self, request: ChatRequest) -> int:
        """Return the most tokens that one choice may have."""
        return min(request.max_tokens or self.default_output_tokens, self.max_output_tokens)

    def change_headers(self, request: ChatRequest) -> list[Header]:
        """Return headers that say in what the call differs from the request."""
        headers = []
        limit = self.output_limit(request)
        if request.max_tokens is not None and limit < request.max_tokens:
            headers.append((b"x-max-tokens-applied", b"%d" % limit))
        if request.dropped_messages:
            headers.append((b"x-system-messages-dropped", b"%d" % request.dropped_messages))
        return headers

    def prepare(
        self, request: ChatRequest, size: PromptSize, principal: Principal, context: RequestContext, claim: Claim | None
    ) -> PreparedCall:
        """Return the call. The same output limit is authorized and sent to the upstream."""
        limit = self.output_limit(request)
        billable = BillableCall(
            self.new_id(),
            context.trace_id,
            principal.account_id,
            principal.key_id,
            Tokens(size.bound, limit * request.choices),
            request.choices,
            request.stream,
            claim,
            context.span,
        )
        return PreparedCall(billable, request, size, self._upstream_body(request, limit), self.now())

    def _upstream_body(self, request: ChatRequest, limit: int) -> dict[str, Any]:
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        body: dict[str, Any] = {
            "messages": [*system, *request.messages],
            **request.options,
            self.token_limit_field: limit,
        }
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body
