"""`GET /v1/tokens/models` and `/authors`: the catalogue with today's prices, prepared once a day."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache

from starlette.types import Receive, Scope

from corpus_cost.model_names import model_hint
from pricing_data import PriceBook
from service.auth.accounts import Principal
from service.http import json
from service.http.errors import INVALID_REQUEST, NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Reply
from service.tokens.prices import provenance, version_header
from service.tokens.requests import parameters
from tokenizer_registry import Model, Registry
from tokenizer_registry.names import NameResolver
from weighbridge_base.suggestions import did_you_mean


class Catalogue:
    """Lists models and authors. `today` returns the UTC date of the prices."""

    def __init__(self, registry: Registry, book: PriceBook, today: Callable[[], date]) -> None:
        self.registry = registry
        self.models = registry.models
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in self.models.values()})
        self._entries_at = lru_cache(maxsize=4)(self._prepare)
        self._authors_reply = Reply(200, json.encode(list(self.authors)))

    async def list_models(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """List all models, or those that match `author` and `name`, which is any name of a model."""
        wanted = parameters(scope, ("author", "name", "detail"))
        if isinstance(wanted, Refusal):
            return wanted
        detail = wanted.get("detail", "false")
        if detail not in ("true", "false"):
            return INVALID_REQUEST.saying(f"detail: must be true or false, not {shorten(detail)}.")
        author, name = wanted.get("author"), wanted.get("name")
        if author is not None and author not in self.authors:
            return unknown_author(author, self.authors)
        found = None if name is None else self.registry.names.find(name)
        if name is not None and found is None:
            return unknown_model(name, self.registry.names)
        chosen = [
            entry
            for model, entry in self._entries_at(self.today(), detail == "true").items()
            if (found is None or found.model == model) and author in (None, self.models[model].author)
        ]
        if not chosen:
            return NOT_FOUND.saying(f"The model {shorten(name)} is not by the author {shorten(author)}.")
        return Reply(200, b"[" + b",".join(chosen) + b"]", [version_header(self.book)])

    async def list_authors(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """List the names of all authors."""
        wanted = parameters(scope, ())
        return wanted if isinstance(wanted, Refusal) else self._authors_reply

    def _prepare(self, day: date, detail: bool) -> dict[str, bytes]:
        return {name: self._entry(model, day, detail) for name, model in self.models.items()}

    def _entry(self, model: Model, day: date, detail: bool) -> bytes:
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
        return json.encode(entry)


def unknown_author(name: str, known: Iterable[str]) -> Refusal:
    """Return the refusal of an author that is not among the known ones."""
    hint = did_you_mean(name, known, "GET /v1/tokens/authors lists the known ones.")
    return NOT_FOUND.saying(f"There is no author {shorten(name)}. {hint}")


def unknown_model(name: str, names: NameResolver) -> Refusal:
    """Return the refusal of a name that stands for no model."""
    hint = model_hint(names, name, "GET /v1/tokens/models lists the known ones.")
    return NOT_FOUND.saying(f"There is no model {shorten(name)}. {hint}")
