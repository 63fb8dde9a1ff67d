"""`GET /v1/tokens/models` and `/authors`: the catalogue with today's prices, prepared once a day."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache

from starlette.types import Receive, Scope

from pricing_data import PriceBook
from service.auth.accounts import Principal
from service.http import json
from service.http.errors import INVALID_REQUEST, NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Reply
from service.tokens.prices import provenance, version_header
from service.tokens.requests import parameters
from tokenizer_registry import Model
from weighbridge_base.suggestions import did_you_mean


class Catalogue:
    """Lists models and authors. `today` returns the UTC date of the prices."""

    def __init__(self, models: Mapping[str, Model], book: PriceBook, today: Callable[[], date]) -> None:
        self.models = models
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in models.values()})
        self._entries_at = lru_cache(maxsize=4)(self._prepare)
        self._authors_reply = Reply(200, json.encode(list(self.authors)))

    async def list_models(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """List all models, or those that match `author` and `name`."""
        wanted = parameters(scope, ("author", "name", "detail"))
        if isinstance(wanted, Refusal):
            return wanted
        detail = wanted.get("detail", "false")
        if detail not in ("true", "false"):
            return INVALID_REQUEST.saying(f"detail: must be true or false, not {shorten(detail)}.")
        author, name = wanted.get("author"), wanted.get("name")
        if author is not None and author not in self.authors:
            return unknown("author", author, self.authors)
        if name is not None and name not in self.models:
            return unknown("model", name, self.models)
        chosen = [
            entry
            for model, entry in self._entries_at(self.today(), detail == "true").items()
            if name in (None, model) and author in (None, self.models[model].author)
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


def unknown(kind: str, value: str, known: Iterable[str]) -> Refusal:
    """Return the refusal of a name that is not among the known ones; `kind` is author or model."""
    hint = did_you_mean(value, known, f"GET /v1/tokens/{kind}s lists the known ones.")
    return NOT_FOUND.saying(f"There is no {kind} {shorten(value)}. {hint}")
