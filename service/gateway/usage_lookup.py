"""`GET /api/gateway/usage`: what each call was charged, read from the ledger."""

from starlette.types import Receive, Scope

from service.auth.policy import UsageReader
from service.billing.charges import BALANCE_DECIMALS, COST_DECIMALS
from service.billing.ledger import Balance, CallRecord, Statements
from service.billing.money import shown
from service.http import json
from service.http.errors import INVALID_REQUEST, NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Reply
from service.http.validation import is_call_id, page_size, query_parameters

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 20, 100
AMBIGUOUS = Refusal(
    409, "ambiguous_request_id", "Several calls carry this X-Request-Id: ask by the id of the completion."
)


class UsageLookup:
    """Finds calls. An API key sees its own calls only, a session those of all keys of its account."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements

    async def list_calls(self, scope: Scope, receive: Receive, reader: UsageReader) -> Reply | Refusal:
        """Return a page of `limit` calls, newest first, before the call with the id `before`."""
        query = dict(query_parameters(scope))
        for name in query:
            if name not in ("limit", "before"):
                return INVALID_REQUEST.saying(f"{shorten(name)} is not a parameter of this path; it has limit, before.")
        limit = page_size(query.get("limit", str(DEFAULT_PAGE_SIZE)), MAX_PAGE_SIZE)
        if limit is None:
            return INVALID_REQUEST.saying(f"limit: must be a whole number from 1 to {MAX_PAGE_SIZE}.")
        before = _call_id(query["before"]) if "before" in query else None
        if before is not None and not is_call_id(before):
            return INVALID_REQUEST.saying(f"before: {shorten(query['before'])} is not the id of a call.")
        calls = await self._list(reader, limit + 1, before)
        balance = await self.statements.balance(reader.account_id)
        shown_calls: list[json.Value] = [_call_properties(call) for call in calls[:limit]]
        page: dict[str, json.Value] = {"object": "list", "data": shown_calls, "has_more": len(calls) > limit}
        return Reply(200, json.encode({**page, **_balance_properties(balance or Balance(0, 0))}))

    async def one_call(self, scope: Scope, receive: Receive, reader: UsageReader) -> Reply | Refusal:
        """Return the call with that id of a completion, or that X-Request-Id."""
        reference = str(scope["path_params"]["request_id"])
        found = await self._find(reader, _call_id(reference))
        if not found:
            owner = "This account" if reader.key_id is None else "This key"
            return NOT_FOUND.saying(f"{owner} has made no call {shorten(reference)}.")
        return AMBIGUOUS if len(found) > 1 else Reply(200, json.encode(_call_properties(found[0])))

    async def _list(self, reader: UsageReader, max_calls: int, before: str | None) -> list[CallRecord]:
        if reader.key_id is None:
            return await self.statements.account_calls(reader.account_id, max_calls, before)
        return await self.statements.calls(reader.key_id, max_calls, before)

    async def _find(self, reader: UsageReader, reference: str) -> list[CallRecord]:
        if not is_call_id(reference):
            return []
        if reader.key_id is None:
            return await self.statements.find_account_calls(reader.account_id, reference)
        return await self.statements.find_calls(reader.key_id, reference)


def _call_id(reference: str) -> str:
    return reference.removeprefix("chatcmpl-")


def _balance_properties(balance: Balance) -> dict[str, json.Value]:
    return {
        "credit_balance_inr": shown(balance.posted, BALANCE_DECIMALS),
        "credit_held_inr": shown(balance.held, COST_DECIMALS),
    }


def _call_properties(call: CallRecord) -> dict[str, json.Value]:
    return {
        "id": f"chatcmpl-{call.id}",
        "request_id": call.trace_id,
        "key_id": call.key_id,
        "state": call.state.value,
        "outcome": call.outcome,
        "stream": call.streamed,
        "prompt_tokens": call.tokens.input,
        "completion_tokens": call.tokens.output,
        "estimated": call.estimated,
        "usage_fault": call.usage_fault,
        "request_cost_inr": shown(call.cost, COST_DECIMALS),
        "held_inr": shown(call.amount, COST_DECIMALS),
        "opened_at": call.opened_at.isoformat(),
        "closed_at": None if call.closed_at is None else call.closed_at.isoformat(),
    }
