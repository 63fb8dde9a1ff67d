"""`POST /v1/tokens/fits`: which context windows a text or a chat fits into, and what room is left for output."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from sys import getsizeof
from typing import Any, NamedTuple

from starlette.types import Receive, Scope

from pricing_data.usage import MAX_TOKENS
from service.auth.accounts import Principal
from service.http import json
from service.http.context import RequestContext, context_of
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import check_names, read_body, whole_number
from service.tokens.chat_counting import ChatCounting
from service.tokens.chat_requests import CHAT_PROPERTIES
from service.tokens.count_entries import estimate_entry
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.requests import CountRequest, CountRequests
from tokenizer_registry import Count, UncountableText
from tokenizer_registry.facts import NO_FACTS, ModelFacts, value_of
from tokenizer_registry.registry import UNCOUNTED

OUTPUT = "output_tokens"
PROPERTIES = ("input", "type", "models", OUTPUT, "estimate", "unknown_models", *CHAT_PROPERTIES)


class FitsRequest(NamedTuple):
    """A text or a chat with the models to fit it into, and the least room for output, in tokens."""

    count: CountRequest  # type: ignore[assignment]  # in place of the method of tuples
    output_tokens: int


class FitsEndpoint:
    """Compares counts of a text or a chat with the context windows of models."""

    def __init__(self, reader: BodyReader, requests: CountRequests, pool: CountingPool) -> None:
        self.reader = reader
        self.requests = requests
        self.pool = pool
        self.chats = ChatCounting(pool)
        self.facts = pool.registry.facts

    async def fits(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer for each model of a request, in its order."""
        caller, context = Caller(principal.account_id, receive), context_of(scope)
        request = await self._request(scope, receive, caller)
        if isinstance(request, Refusal):
            return request
        counts = await self._counts(request.count, context, caller)
        if isinstance(counts, Refusal):
            return counts
        # Writing the entries of the whole catalogue takes 15 ms.
        written = await self.pool.run(caller, partial(self._written, request, counts))
        return written if isinstance(written, Refusal) else Reply(200, written)

    async def _counts(self, asked: CountRequest, context: RequestContext, caller: Caller) -> list[Count] | Refusal:
        if asked.chat is not None:
            return await self.chats.numbers(
                asked.chat, asked.counted_names, caller, context.held_bytes, estimate=asked.estimate
            )
        context.keep(getsizeof(asked.text))
        try:
            return await self.pool.count(asked.text, asked.models, asked.estimate, context.held_bytes, caller)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")

    async def _request(self, scope: Scope, receive: Receive, caller: Caller) -> FitsRequest | Refusal:
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        expected = "The body must be a JSON object with input, type and models."
        return await self.pool.run(caller, partial(read_body, body, self._read, expected))

    def _read(self, fields: Mapping[str, Any]) -> FitsRequest:
        check_names(fields, PROPERTIES)
        output_tokens = whole_number(fields, OUTPUT, 0, MAX_TOKENS) or 0
        return FitsRequest(
            self.requests.read({name: value for name, value in fields.items() if name != OUTPUT}), output_tokens
        )

    def _written(self, request: FitsRequest, counts: Sequence[Count]) -> bytes:
        names = request.count.names
        resolved: Iterable[tuple[str, str | None]] = ((model, model) for model in request.count.models)
        if names is not None:
            found = (each and each.model for each in names.found)
            resolved, counts = zip(names.names, found, strict=True), names.aligned(counts, UNCOUNTED)
        entries = [self._entry(*name, count, request) for name, count in zip(resolved, counts, strict=True)]
        return json.encode(entries)

    def _entry(self, name: str, model: str | None, count: Count, request: FitsRequest) -> json.Value:
        facts = NO_FACTS if model is None else self.facts[model]
        entry: dict[str, json.Value] = {
            "model": name,
            "resolved_model": model,
            "token_count": count.tokens,
            "method": count.method,
            "context_window": value_of(facts.context_window),
            "max_input_tokens": value_of(facts.max_input_tokens),
            "max_output_tokens": value_of(facts.max_output_tokens),
            **room_entry(facts, count.tokens, request.output_tokens),
        }
        return entry | estimate_entry(count) if request.count.estimate else entry


def room_entry(facts: ModelFacts, tokens: int | None, output_tokens: int) -> dict[str, json.Value]:
    """Return whether an input fits with `output_tokens`, and the largest output that it leaves room for.

    Both are null if the count or the window is not known. A model without a known longest output may fill its window.
    """
    window, longest, longest_input = map(
        value_of, (facts.context_window, facts.max_output_tokens, facts.max_input_tokens)
    )
    if tokens is None or window is None:
        return {"fits": None, "output_room": None}
    is_taken = tokens <= window and (longest_input is None or tokens <= longest_input)
    left = window - tokens if is_taken else 0
    room = left if longest is None else min(left, longest)
    return {"fits": is_taken and output_tokens <= room, "output_room": room}
