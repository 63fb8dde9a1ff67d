"""Billing and an upstream that report how far a call has got, so that tests can kill or break it there.

The points, in the order of a call: `held`, `answered` (plain) or `opened` (streamed, after the first text), `noted`
(after each checkpoint), `settling`, `settled`.
"""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any

import pytest

from service.billing.charges import BalanceSnapshot, BillableCall, Billing, CallBill
from service.billing.money import Tokens
from service.gateway import routes
from service.gateway.dialects import texts_in
from service.gateway.upstream import UpstreamModel
from service.http.errors import Refusal
from service.observability.tracing import NO_SPAN, Span

AtPoint = Callable[[str], None]


@contextmanager
def calls_reported_to(at_point: AtPoint) -> Iterator[None]:
    """Report every call of applications that are created in the block."""

    class ReportingBilling(Billing):
        async def authorize(self, call: BillableCall) -> BalanceSnapshot | Refusal:
            authorized = await super().authorize(call)
            if not isinstance(authorized, Refusal):
                at_point("held")
            return authorized

        async def renew(self, call: BillableCall, used: Tokens | None) -> None:
            await super().renew(call, used)
            at_point("noted")

        async def capture(
            self, call: BillableCall, used: Tokens, outcome: str, *, estimated: bool, usage_fault: str | None = None
        ) -> CallBill | None:
            at_point("settling")
            bill = await super().capture(call, used, outcome, estimated=estimated, usage_fault=usage_fault)
            at_point("settled")
            return bill

    class ReportingUpstream(UpstreamModel):
        async def complete(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> dict[str, Any]:
            answer = await super().complete(body, span)
            at_point("answered")
            return answer

        async def stream(self, body: Mapping[str, Any], span: Span = NO_SPAN) -> AsyncGenerator[dict[str, Any], None]:
            is_open = False
            async with aclosing(super().stream(body, span)) as chunks:
                async for chunk in chunks:
                    yield chunk  # and the call passes it on before it asks for the next one
                    if not is_open and has_text(chunk):
                        is_open = True
                        at_point("opened")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "Billing", ReportingBilling)
        patch.setattr(routes, "UpstreamModel", ReportingUpstream)
        yield


def has_text(chunk: dict[str, Any]) -> bool:
    """Return whether a chunk has any text."""
    return any(list(texts_in(choice["delta"])) for choice in chunk.get("choices", []))
