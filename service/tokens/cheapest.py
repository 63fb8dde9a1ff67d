"""`POST /v1/tokens/cheapest`: the models that a call could be sent to, by its exact cost."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from sys import getsizeof
from typing import Final, NamedTuple

from starlette.types import Receive, Scope

from corpus_cost.cheapest import Candidates, find_candidates, rank
from pricing_data import PriceBook
from pricing_data.dates import utc_day
from service.auth.accounts import Principal
from service.http import json
from service.http.context import RequestContext, context_of, hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, Refusal
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.tokens.chat_counting import ChatCounting, as_count
from service.tokens.cheapest_answers import ranking_answer
from service.tokens.cheapest_requests import CheapestRequest, CheapestRequests
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.prices import version_header
from tokenizer_registry import Count, UncountableText
from tokenizer_registry.chat.parts import ChatCount

VOCABULARY: Final = attrgetter("vocabulary")


class PreparedRequest(NamedTuple):
    """A valid request with the models whose tokens have to be counted."""

    request: CheapestRequest
    candidates: Candidates


class InputCounts(NamedTuple):
    """The counts of the input for all candidates, and those of the chat if it is one."""

    counts: list[Count]
    chats: list[ChatCount] | None = None


class CheapestEndpoint:
    """Ranks the models of the catalogue. `now` returns the time in UTC, whose date is that of the prices.

    `on_counted` is called with the vocabularies of each counted text: one for each model, None without a count.
    Candidates are found, and costs are computed, in a thread: each takes 3 ms with a thousand models.
    """

    def __init__(
        self,
        reader: BodyReader,
        pool: CountingPool,
        book: PriceBook,
        now: Callable[[], datetime],
        on_counted: Callable[[tuple[str | None, ...]], None] = lambda _: None,
    ) -> None:
        self.reader = reader
        self.pool = pool
        self.registry = pool.registry
        self.book = book
        self.now = now
        self.on_counted = on_counted
        self.requests = CheapestRequests(frozenset(model.author for model in self.registry.models.values()))
        self.chats = ChatCounting(pool)
        self._version = version_header(book)

    async def cheapest(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the models of least cost, and with those that are left out."""
        caller = Caller(principal.account_id, receive)
        prepared = await self._prepared(scope, receive, caller)
        if isinstance(prepared, Refusal):
            return prepared
        counts = await self._counts(prepared, context_of(scope), caller)
        if isinstance(counts, Refusal):
            return counts
        self.on_counted(tuple(map(VOCABULARY, counts.counts)))
        written = await self.pool.run(caller, partial(self._written, prepared, counts, principal.account_id))
        if isinstance(written, Refusal):
            return written
        held = hold_exactly(scope, self.pool.in_flight, len(written))
        return Reply(200, written, (self._version,)) if held else OVERLOADED

    async def _counts(
        self, prepared: PreparedRequest, context: RequestContext, caller: Caller
    ) -> InputCounts | Refusal:
        request, models = prepared.request, prepared.candidates.models
        estimate = request.query.allow_estimates
        if request.chat is not None:
            day = utc_day(request.query.terms.at)
            chats = await self.chats.count(request.chat, models, day, caller, context.held_bytes)
            if isinstance(chats, Refusal):
                return chats
            return InputCounts([as_count(each, estimate=estimate) for each in chats], chats)
        context.keep(getsizeof(request.text))
        try:
            counts = await self.pool.count(request.text, models, estimate, context.held_bytes, caller)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"input: {fault}")
        return counts if isinstance(counts, Refusal) else InputCounts(counts)

    async def _prepared(self, scope: Scope, receive: Receive, caller: Caller) -> PreparedRequest | Refusal:
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        return await self.pool.run(caller, partial(self._prepare, body, self.now().date()))

    def _prepare(self, body: bytes, today: date) -> PreparedRequest | Refusal:
        request = self.requests.parse(body, today)
        if isinstance(request, Refusal):
            return request
        return PreparedRequest(request, find_candidates(self.registry, self.book, request.query))

    def _written(self, prepared: PreparedRequest, counts: InputCounts, account: str) -> bytes:
        request, candidates = prepared
        query = request.query
        answer = ranking_answer(
            self.registry,
            self.book,
            query,
            rank(self.registry, self.book, query, candidates, *counts),
            max_results=request.max_results,
            list_left_out=request.list_left_out,
            markup=self.book.markup(account, query.terms.at),
        )
        return json.encode(answer)
