"""`GET /v1/tokens/models` and `/authors`: the catalogue with today's prices, prepared once a day."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from starlette.types import Receive, Scope

from pricing_data import PriceBook
from service import wire
from service.credentials import query_parameters
from service.errors import INVALID_REQUEST, NOT_FOUND, Refusal
from service.reply import Reply
from service.strict_json import shorten
from service.tokens.request import nearest
from tokenizer_registry import Model


class Catalogue:
    """Answers what models and authors there are. `today` is the UTC date that prices are read at."""

    def __init__(self, models: Mapping[str, Model], book: PriceBook, today: Callable[[], date]) -> None:
        self.models = models
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in models.values()})
        self._entries_at = lru_cache(maxsize=2)(self._prepare)
        self._authors_reply = Reply(200, wire.encode(list(self.authors)))

    async def list_models(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """All models, those of `author`, the one of `name`, or the one that is both."""
        wanted = _parameters(scope, ("author", "name"))
        if isinstance(wanted, Refusal):
            return wanted
        author, name = wanted.get("author"), wanted.get("name")
        if author is not None and author not in self.authors:
            return _unknown("author", author, nearest(author, self.authors))
        if name is not None and name not in self.models:
            return _unknown("model", name, nearest(name, self.models))
        chosen = [
            entry
            for model, entry in self._entries_at(self.today()).items()
            if name in (None, model) and author in (None, self.models[model].author)
        ]
        if not chosen:
            return NOT_FOUND.saying(f"The model {shorten(name)} is not by the author {shorten(author)}.")
        return Reply(200, b"[" + b",".join(chosen) + b"]")

    async def list_authors(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """The names of all authors."""
        wanted = _parameters(scope, ())
        return wanted if isinstance(wanted, Refusal) else self._authors_reply

    def _prepare(self, day: date) -> dict[str, bytes]:
        return {name: self._entry(model, day) for name, model in self.models.items()}

    def _entry(self, model: Model, day: date) -> bytes:
        price = self.book.price(model.name, day)
        return wire.encode(
            {
                "author": model.author,
                "name": model.name,
                "display_name": model.display_name,
                "price_per_input_token": price.input if price else None,
            }
        )


def _unknown(kind: str, value: str, near: str | None) -> Refusal:
    hint = f" Did you mean {near}?" if near else f" GET /v1/tokens/{kind}s lists the known ones."
    return NOT_FOUND.saying(f"There is no {kind} {shorten(value)}.{hint}")


def _parameters(scope: Scope, known: tuple[str, ...]) -> dict[str, str] | Refusal:
    """The query as a mapping; `api-key` belongs to the gate. Unknown and repeated names are refused."""
    wanted: dict[str, str] = {}
    for name, value in query_parameters(scope):
        if name == "api-key":
            continue
        if name not in known:
            offer = ", ".join((*known, "api-key"))
            return INVALID_REQUEST.saying(f"{shorten(name)} is not a parameter of this path; it has {offer}.")
        if wanted.setdefault(name, value) != value:
            return INVALID_REQUEST.saying(f"{name}: this parameter is given twice, with different values.")
    return wanted
