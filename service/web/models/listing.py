"""`/models`: the catalogue with search and filters, in pages."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook
from service.http.errors import Refusal
from service.http.responses import Reply
from service.web.forms import WebForm, parse_form
from service.web.page import Pages
from tokenizer_registry import Model, Registry

PAGE_ROWS = 100
EXACTNESS = ("exact", "estimate", "none")
PRICES = ("priced", "disputed", "unpriced")


class ListedModel(NamedTuple):
    """A row of the list: a model, its price today, and how it is counted."""

    model: Model
    price: Price | None
    exactness: str


class ModelFilter(NamedTuple):
    """A search and its filters; an empty string means no filter."""

    words: str
    author: str
    exactness: str
    price: str

    def fits(self, listed: ListedModel) -> bool:
        """Return whether a model's names contain every word, and it passes every filter."""
        model, price, exactness = listed
        text = f"{model.name} {model.display_name} {model.author}".lower()
        return (
            all(word in text for word in self.words.lower().split())
            and self.author in ("", model.author)
            and self.exactness in ("", exactness)
            and (not self.price or self.price in _states(price))
        )

    def link(self, page: int) -> str:
        """Return the URL of one page of these models."""
        fields = [("q", self.words), ("author", self.author), ("count", self.exactness), ("price", self.price)]
        return "/models?" + urlencode([*((name, value) for name, value in fields if value), ("page", page)])


class ModelList:
    """Lists models with today's prices. `today` returns the UTC date."""

    def __init__(self, pages: Pages, registry: Registry, book: PriceBook, today: Callable[[], date]) -> None:
        self.pages = pages
        self.registry = registry
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in registry.models.values()})
        self._listed_at = lru_cache(maxsize=2)(self._list_models)

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return one page of the matching models."""
        query = parse_form(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        wanted = self._parse_filter(query)
        found = [listed for listed in self._listed_at(self.today()) if wanted.fits(listed)]
        last = max(1, -(-len(found) // PAGE_ROWS))
        asked = query.one("page")
        page = min(max(int(asked), 1), last) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
        values = {
            "wanted": wanted,
            "found": len(found),
            "all": len(self.registry.models),
            "rows": found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
            "page": page,
            "last": last,
            "authors": self.authors,
        }
        return self.pages.page("models.html", values)

    def _parse_filter(self, query: WebForm) -> ModelFilter:
        return ModelFilter(
            query.one("q")[:200],
            query.one("author") if query.one("author") in self.authors else "",
            query.one("count") if query.one("count") in EXACTNESS else "",
            query.one("price") if query.one("price") in PRICES else "",
        )

    def _list_models(self, day: date) -> Sequence[ListedModel]:
        return [
            ListedModel(model, self.book.price(name, day), exactness(self.registry, model))
            for name, model in self.registry.models.items()
        ]


def exactness(registry: Registry, model: Model) -> str:
    """Return how a model is counted: `exact`, `estimate` or `none`."""
    if model.vocabulary in registry.vocabularies:
        return "exact"
    return "estimate" if registry.estimator(model.name) is not None else "none"


def _states(price: Price | None) -> tuple[str, ...]:
    return ("unpriced",) if price is None or price.input is None else ("priced", price.state)
