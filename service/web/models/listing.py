"""`/models`: the catalogue with search, filters and orders, in pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.types import Receive, Scope

from corpus_cost.model_constraints import INPUT_MODALITIES
from pricing_data import Price, PriceBook
from service.http.errors import Refusal
from service.http.responses import Reply
from service.tokens.model_filters import CatalogueFilter, search_words
from service.tokens.model_orders import NEWEST_FIRST, ORDERS, CatalogueRow, in_order
from service.web.forms import WebForm, parse_form
from service.web.page import Pages
from tokenizer_registry import Model, Registry

PAGE_ROWS = 100
MAX_SEARCH_CHARACTERS = 200
MAX_PAGE_DIGITS = 5
EXACTNESS = ("exact", "estimate", "none")
PRICES = ("priced", "disputed", "unpriced")
WEIGHTS = {"open": True, "closed": False}
CONTEXTS = {"32k": 32_000, "128k": 128_000, "200k": 200_000, "1m": 1_000_000}


class ListQuery(NamedTuple):
    """A search, its filters and the order of the rows; an empty string means no filter."""

    words: str
    author: str
    exactness: str
    price: str
    modality: str
    weights: str
    context: str
    sort: str
    reverse: bool

    @property
    def filter(self) -> CatalogueFilter:
        """Return the filter of the fields that other lists of models have too."""
        return CatalogueFilter(
            author=self.author or None,
            open_weights=WEIGHTS.get(self.weights),
            min_context=CONTEXTS.get(self.context),
            modality=self.modality or None,
            words=search_words(self.words),
        )

    def accepts(self, listed: CatalogueRow, exactness: str) -> bool:
        """Return whether a model passes every filter."""
        return (
            self.exactness in ("", exactness)
            and (not self.price or self.price in _states(listed.price))
            and self.filter.accepts(listed.model, listed.facts, listed.is_priced)
        )

    def link(self, page: int = 1) -> str:
        """Return the URL of one page of these models."""
        fields = {
            "q": self.words,
            "author": self.author,
            "count": self.exactness,
            "price": self.price,
            "input": self.modality,
            "weights": self.weights,
            "context": self.context,
            "sort": "" if self.sort == NEWEST_FIRST else self.sort,
            "reverse": "1" if self.reverse else "",
            "page": str(page) if page > 1 else "",
        }
        query = urlencode([(name, value) for name, value in fields.items() if value])
        return f"/models?{query}" if query else "/models"

    def sorted_by(self, order: str) -> str:
        """Return the URL of the same models in another order, or in the reverse of this one."""
        reverse = self.sort == order and not self.reverse
        return self._replace(sort=order, reverse=reverse).link()

    def direction(self, order: str) -> str:
        """Return the value of `aria-sort` of a column: ascending, descending or none."""
        if order != self.sort:
            return "none"
        return "descending" if ORDERS[order].largest_first is not self.reverse else "ascending"


class ModelList:
    """Lists models with today's prices. `today` returns the UTC date."""

    def __init__(self, pages: Pages, registry: Registry, book: PriceBook, today: Callable[[], date]) -> None:
        self.pages = pages
        self.registry = registry
        self.book = book
        self.today = today
        self.authors = sorted({model.author for model in registry.models.values()}, key=str.casefold)
        self._listed_at = lru_cache(maxsize=2)(self._list_models)
        self._ordered_at = lru_cache(maxsize=4 * len(ORDERS))(self._order_models)

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Return one page of the matching models."""
        query = parse_form(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        wanted = self._parse_query(query)
        day = self.today()
        ordered = self._ordered_at(day, wanted.sort, wanted.reverse)
        found = [(listed, counted) for listed, counted in ordered if wanted.accepts(listed, counted)]
        last = max(1, -(-len(found) // PAGE_ROWS))
        page = _page(query.one("page"), last)
        values = {
            "wanted": wanted,
            "found": len(found),
            "all": len(self.registry.models),
            "today": day,
            "rows": found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
            "page": page,
            "last": last,
            "authors": self.authors,
            "orders": ORDERS,
            "contexts": CONTEXTS,
            "modalities": INPUT_MODALITIES,
        }
        return self.pages.page("models.html", values)

    def _parse_query(self, query: WebForm) -> ListQuery:
        return ListQuery(
            query.one("q")[:MAX_SEARCH_CHARACTERS],
            _one_of(query, "author", self.authors),
            _one_of(query, "count", EXACTNESS),
            _one_of(query, "price", PRICES),
            _one_of(query, "input", INPUT_MODALITIES),
            _one_of(query, "weights", WEIGHTS),
            _one_of(query, "context", CONTEXTS),
            _one_of(query, "sort", ORDERS) or NEWEST_FIRST,
            query.one("reverse") == "1",
        )

    def _list_models(self, day: date) -> Mapping[str, tuple[CatalogueRow, str]]:
        return {
            name: (
                CatalogueRow(model, self.book.price(name, day), self.registry.facts[name]),
                exactness(self.registry, model),
            )
            for name, model in self.registry.models.items()
        }

    def _order_models(self, day: date, sort: str, reverse: bool) -> Sequence[tuple[CatalogueRow, str]]:
        listed = self._listed_at(day)
        ordered = in_order([each for each, _ in listed.values()], sort, reverse=reverse)
        return [listed[each.model.name] for each in ordered]


def exactness(registry: Registry, model: Model) -> str:
    """Return how a model is counted: `exact`, `estimate` or `none`."""
    if model.vocabulary in registry.vocabularies:
        return "exact"
    return "estimate" if registry.estimator(model.name) is not None else "none"


def _one_of(query: WebForm, name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """Return the value of a field, empty if it is none of the known ones."""
    return query.one(name) if query.one(name) in known else ""


def _page(asked: str, last: int) -> int:
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= MAX_PAGE_DIGITS
    return min(max(int(asked), 1), last) if is_number else 1


def _states(price: Price | None) -> tuple[str, ...]:
    return ("unpriced",) if price is None or price.input is None else ("priced", price.state)
