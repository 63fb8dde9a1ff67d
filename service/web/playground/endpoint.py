"""`/`: the playground as a page, and `/playground`: only its results, for the script of the page."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import Any

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook
from service.http.context import context_of, hold_exactly, sender_of
from service.http.errors import INVALID_REQUEST, NOT_FOUND, OVERLOADED, TEXT_TOO_LARGE, Refusal
from service.http.request_limits import WHOLE_BODY
from service.http.responses import Reply
from service.tokens.counting_pool import Caller, CountingPool
from service.web.forms import FormReader, WebForm, origin_refusal, parse_form
from service.web.page import Pages
from service.web.playground.chat_reading import FieldFault
from service.web.playground.chat_results import ChatResults
from service.web.playground.choice import CHAT, EVERY_AUTHOR, TEXT, ChoiceReader, PlaygroundChoice
from service.web.playground.draft import ROLES, MessageDraft
from service.web.playground.table import PlaygroundTable, build_table
from service.web.playground.typed import Typed, read_typed
from service.web.visitors import Visitors
from tokenizer_registry import DamagedVocabulary, Token, UncountableText, segments

COLOURED_CHARACTERS = 5_000
Results = Mapping[str, Any]


class Playground:
    """Counts texts of visitors within their limits. `today` returns the UTC date of the prices.

    `strangers_reader` reads forms without a visitor cookie, for which the page is only shown again.
    """

    def __init__(
        self,
        pages: Pages,
        reader: FormReader,
        strangers_reader: FormReader,
        pool: CountingPool,
        book: PriceBook,
        visitors: Visitors,
        today: Callable[[], date],
        max_characters: int,
    ) -> None:
        self.pages = pages
        self.reader = reader
        self.strangers_reader = strangers_reader
        self.pool = pool
        self.book = book
        self.visitors = visitors
        self.today = today
        self.max_characters = max_characters
        self.choices = ChoiceReader(pool.registry)
        self.chats = ChatResults(pool, max_characters)
        self._prices_at = lru_cache(maxsize=2)(self._prices)

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return the page with the choice of its query and no text."""
        query = parse_form(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        return self._page(scope, self._choice(query), Typed(), None)

    async def count(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return the page with the results of a form, for browsers without scripts."""
        form = await self._form(scope, receive)
        if isinstance(form, Refusal):
            return form
        choice = self._choice(form)
        typed = read_typed(form, choice.mode)
        if typed.call_characters > self.max_characters:
            return TEXT_TOO_LARGE.saying(
                f"Without scripts, a chat or a request has at most {self.max_characters:,} characters, base64 included."
            )
        if form.one("edit"):
            return self._held(scope, self._page(scope, choice, typed, None))
        results = await self._results(scope, receive, typed, choice)
        # Of a text that is too long, show only as much as may be counted.
        typed = typed._replace(text=typed.text[: self.max_characters])
        return self._held(scope, self._page(scope, choice, typed, results))

    async def update(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return only the results, or the fault of a field."""
        form = await self._form(scope, receive)
        if isinstance(form, Refusal):
            return self._refusal_page(scope, form)
        choice = self._choice(form)
        results = await self._results(scope, receive, read_typed(form, choice.mode), choice)
        if isinstance(results, Refusal):
            return self._refusal_page(scope, results)
        values = {"choice": choice, **_outcome(results)}
        return self._held(scope, self.pages.page("playground_outcome.html", values))

    def _refusal_page(self, scope: Scope, refusal: Refusal) -> Reply:
        """Return a refusal to show in place of the results."""
        context_of(scope).refusal = refusal.code
        return self.pages.page("playground_refused.html", {"refusal": refusal}, refusal.status, refusal.reply_headers)

    def _held(self, scope: Scope, reply: Reply) -> Reply | Refusal:
        """Return the reply, whose memory is counted until the client has read it, or a refusal if there is no room."""
        return reply if hold_exactly(scope, self.pool.in_flight, len(reply.body)) else OVERLOADED

    async def _form(self, scope: Scope, receive: Receive) -> WebForm | Refusal:
        if refusal := origin_refusal(scope):
            return refusal
        run = partial(self.pool.run, _caller(scope, receive))
        if self.visitors.known(scope) is None:
            return await self.strangers_reader.read(scope, receive, run)
        if WHOLE_BODY not in scope and (refusal := await self.visitors.early_refusal(scope)):
            return refusal
        return await self.reader.read(scope, receive, run)

    async def _results(
        self, scope: Scope, receive: Receive, typed: Typed, choice: PlaygroundChoice
    ) -> Results | Refusal | FieldFault | None:
        if choice.mode == TEXT:
            return await self._text_results(scope, receive, typed.text, choice)
        given = typed.chat if choice.mode == CHAT else typed.request
        is_empty, characters = (not given, len(given)) if isinstance(given, str) else (given.is_empty, given.characters)
        if is_empty:
            return None
        if refusal := await self.visitors.refusal(scope, characters):
            return refusal
        held_bytes, caller = context_of(scope).held_bytes, _caller(scope, receive)
        found = await self.chats.read(given, caller, held_bytes)
        if found is None or isinstance(found, Refusal | FieldFault):
            return found
        return await self.chats.count(found, choice.models, self._prices_at(self.today()), caller, held_bytes)

    async def _text_results(
        self, scope: Scope, receive: Receive, text: str, choice: PlaygroundChoice
    ) -> Results | Refusal | None:
        if not text:
            return None
        if len(text) > self.max_characters:
            return TEXT_TOO_LARGE.saying(f"The text is longer than {self.max_characters:,} characters.")
        if refusal := await self.visitors.refusal(scope, len(text)):
            return refusal
        held_bytes, caller = context_of(scope).held_bytes, _caller(scope, receive)
        try:
            # In two threads, because the user waits for both.
            counts, tokens = await asyncio.gather(
                self.pool.count(text, choice.models, estimate=True, held_bytes=held_bytes, caller=caller),
                self._tokens(text[:COLOURED_CHARACTERS], choice.vocabulary, caller),
            )
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"The text cannot be counted: {fault}.")
        if isinstance(counts, Refusal):
            return counts
        if isinstance(tokens, Refusal):
            return tokens
        found = build_table(choice.models, counts, self._prices_at(self.today()), self.pool.registry)
        return _shown(text, choice.vocabulary, found, tokens)

    async def _tokens(self, beginning: str, vocabulary: str, caller: Caller) -> list[Token] | Refusal | None:
        """Return the tokens of the beginning of a text, or None if the vocabulary is damaged."""
        try:
            return await self.pool.encode(beginning, vocabulary, COLOURED_CHARACTERS, caller=caller)
        except DamagedVocabulary:
            return None

    def _choice(self, form: WebForm) -> PlaygroundChoice:
        return self.choices.of(form, self._prices_at(self.today()))

    def _page(
        self, scope: Scope, choice: PlaygroundChoice, typed: Typed, results: Results | Refusal | FieldFault | None
    ) -> Reply:
        registry = self.pool.registry
        by_author = {
            author: [model for model in registry.models.values() if model.author == author]
            for author in self.choices.authors
        }
        values = {
            "choice": choice,
            "typed": typed,
            "roles": ROLES,
            "empty_message": MessageDraft(),
            **_outcome(results),
            "by_author": by_author,
            "chosen": frozenset(choice.named),
            "priced": self._prices_at(self.today()),
            "every_author": EVERY_AUTHOR,
            "vocabularies": registry.in_use(),
            "max_characters": self.max_characters,
            "max_form_bytes": self.reader.reader.max_bytes,
        }
        status, headers = (results.status, results.headers) if isinstance(results, Refusal) else (200, ())
        return self.pages.page("playground.html", values, status, [*headers, *self.visitors.welcome(scope)])

    def _prices(self, day: date) -> dict[str, Price]:
        found = {name: self.book.price(name, day) for name in self.pool.registry.models}
        return {name: price for name, price in found.items() if price is not None and price.input is not None}


def _caller(scope: Scope, receive: Receive) -> Caller:
    """Return the caller for fair scheduling. All visitors of an address count as one, because cookies are free."""
    return Caller(sender_of(scope, context_of(scope)), receive)


def _outcome(results: Results | Refusal | FieldFault | None) -> dict[str, Any]:
    """Return the values of the templates for what came of a form."""
    refusal = results if isinstance(results, Refusal) else None
    fault = results if isinstance(results, FieldFault) else None
    return {"results": None if refusal or fault else results, "refusal": refusal, "fault": fault}


def _shown(text: str, vocabulary: str, found: PlaygroundTable, tokens: list[Token] | None) -> Results:
    pieces = [] if tokens is None else segments(text[:COLOURED_CHARACTERS], tokens)
    return {
        "table": found,
        "characters": len(text),
        "pieces": pieces,
        "token_count": sum(len(ids) for _, ids in pieces),
        "coloured_with": "" if tokens is None else vocabulary,
        "cut_off": len(text) > COLOURED_CHARACTERS,
    }


class NoPlayground:
    """The page at `/` if the playground is disabled."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return a page with links to the other pages."""
        return self.pages.page("home.html", {})

    async def count(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return a refusal: nothing is counted."""
        return NOT_FOUND.saying("The playground is disabled on this server.")

    update = count
