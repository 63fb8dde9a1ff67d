"""`GET /v1/tokens/models` and `/authors`: the catalogue with today's prices, prepared once a day."""

from asyncio import to_thread
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from starlette.types import Receive, Scope

from corpus_cost.model_names import model_hint
from pricing_data import PriceBook
from service.auth.accounts import Principal
from service.http import json
from service.http.errors import INVALID_REQUEST, NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Reply
from service.http.validation import InvalidRequest
from service.tokens.model_facts import fact_properties
from service.tokens.model_filters import CatalogueFilter, flag, read_filter
from service.tokens.prices import provenance, version_header
from service.tokens.requests import parameters
from tokenizer_registry import Model, Registry
from tokenizer_registry.names import NameResolver
from weighbridge_base.suggestions import did_you_mean

PARAMETERS = ("author", "name", "detail", "open_weights", "min_context", "modality", "priced", "q")
# Days and levels of detail whose entries are cached: today and yesterday, with and without detail.
MAX_PREPARED = 4


class PreparedEntry(NamedTuple):
    """The JSON of one model on one day, and whether it has a price then."""

    text: bytes
    is_priced: bool


class Catalogue:
    """Lists models and authors. `today` returns the UTC date of the prices."""

    def __init__(self, registry: Registry, book: PriceBook, today: Callable[[], date]) -> None:
        self.registry = registry
        self.models = registry.models
        self.facts = registry.facts
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in self.models.values()})
        self._prepared: dict[tuple[date, bool], dict[str, PreparedEntry]] = {}
        self._authors_reply = Reply(200, json.encode(list(self.authors)))

    async def list_models(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """List all models, or those that match the filters; `name` is any name of a model."""
        wanted = parameters(scope, PARAMETERS)
        if isinstance(wanted, Refusal):
            return wanted
        try:
            chosen, detail = self._resolved(read_filter(wanted)), flag(wanted, "detail")
        except InvalidRequest as fault:
            return INVALID_REQUEST.saying(str(fault))
        if isinstance(chosen, Refusal):
            return chosen
        entries = await self._entries_at(self.today(), detail is True)
        texts = (entry.text for name, entry in entries.items() if self._is_chosen(chosen, name, entry.is_priced))
        return Reply(200, b"[" + b",".join(texts) + b"]", [version_header(self.book)])

    async def list_authors(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """List the names of all authors."""
        wanted = parameters(scope, ())
        return wanted if isinstance(wanted, Refusal) else self._authors_reply

    def _resolved(self, chosen: CatalogueFilter) -> CatalogueFilter | Refusal:
        """Return a filter with the name of the catalogue; refuse an unknown author or name, or a model of another."""
        if chosen.author is not None and chosen.author not in self.authors:
            return unknown_author(chosen.author, self.authors)
        if chosen.name is None:
            return chosen
        found = self.registry.names.find(chosen.name)
        if found is None:
            return unknown_model(chosen.name, self.registry.names)
        if chosen.author not in (None, self.models[found.model].author):
            return NOT_FOUND.saying(f"The model {shorten(chosen.name)} is not by the author {shorten(chosen.author)}.")
        return chosen._replace(name=found.model)

    def _is_chosen(self, chosen: CatalogueFilter, name: str, is_priced: bool) -> bool:
        return chosen.accepts(self.models[name], self.facts[name], is_priced)

    async def _entries_at(self, day: date, detail: bool) -> dict[str, PreparedEntry]:
        """Return the entries of a day, which are prepared in a thread, in 50 ms with facts, and cached."""
        found = self._prepared.get((day, detail))
        if found is None:
            found = await to_thread(self._prepare, day, detail)
            if len(self._prepared) >= MAX_PREPARED:
                self._prepared.clear()
            self._prepared[day, detail] = found
        return found

    def _prepare(self, day: date, detail: bool) -> dict[str, PreparedEntry]:
        return {name: self._entry(model, day, detail) for name, model in self.models.items()}

    def _entry(self, model: Model, day: date, detail: bool) -> PreparedEntry:
        price = self.book.price(model.name, day)
        entry: dict[str, json.Value] = {
            "author": model.author,
            "name": model.name,
            "display_name": model.display_name,
            "price_per_input_token": price.input if price else None,
        }
        if detail:
            entry |= {
                "price_per_output_token": price.output if price else None,
                "price_per_cached_input_token": price.cached_input if price else None,
                "vocabulary": model.vocabulary,
                **provenance(price),
            }
        members = [json.properties(entry), *([fact_properties(self.facts[model.name])] if detail else [])]
        is_priced = price is not None and price.input is not None
        return PreparedEntry(f"{{{','.join(members)}}}".encode(), is_priced)


def unknown_author(name: str, known: Iterable[str]) -> Refusal:
    """Return the refusal of an author that is not among the known ones."""
    hint = did_you_mean(name, known, "GET /v1/tokens/authors lists the known ones.")
    return NOT_FOUND.saying(f"There is no author {shorten(name)}. {hint}")


def unknown_model(name: str, names: NameResolver) -> Refusal:
    """Return the refusal of a name that stands for no model."""
    hint = model_hint(names, name, "GET /v1/tokens/models lists the known ones.")
    return NOT_FOUND.saying(f"There is no model {shorten(name)}. {hint}")
