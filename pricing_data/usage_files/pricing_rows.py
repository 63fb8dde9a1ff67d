"""Prices rows of exports with the book, for `prices apply` and `audit`."""

from datetime import datetime
from typing import NamedTuple

from pricing_data.book import PriceBook
from pricing_data.errors import BadUsage, UnpricedUsage
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import price_of
from pricing_data.price import STANDARD, Price, Tier
from pricing_data.pricing import CallTotal, total_of_counts
from pricing_data.rate_card import tiers_of
from pricing_data.usage import Terms
from pricing_data.usage_files.row import UsageRow

# Assumptions about rows, as the predicates of sentences about them.
ASSUMED_TIER = "sum up calls of models with context tiers, without saying how long each was: priced at the lowest tier"
ASSUMED_HOUR = "have a day and no hour, of models with prices by the hour: priced at those of most of the day"
ASSUMED_CACHE = "do not say how many tokens were read from a cache: priced as if none were"


class RowPrice(NamedTuple):
    """The cost of a row, or the reason why there is none, and the assumptions made."""

    total: CallTotal
    assumed: tuple[str, ...] = ()


def price_row(book: PriceBook, row: UsageRow) -> RowPrice:
    """Return the cost of a row's usage. Raise nothing."""
    if row.fault is not None or row.terms is None:
        return RowPrice(CallTotal(None, None, row.fault or "it has no usage", None))
    if row.calls == 1 and row.long_context is None:
        total = total_of_counts(book, row.named or row.model, row.usage, row.terms)
        if total.price is None or (row.cache_is_known and not total.price.tariff.schedule):
            return RowPrice(total)
        return RowPrice(total, _assumed(row, total, tier=False))
    return _summed_up(book, row, row.terms)


def _summed_up(book: PriceBook, row: UsageRow, terms: Terms) -> RowPrice:
    """Return the cost of a sum of calls at the context tier that the row states, else at the lowest tier."""
    price, terms = _row_price(book, row, terms)
    if price is not None and row.calls is None and price.tariff.rates.per_call:
        return RowPrice(CallTotal(None, None, "each call has a fee, and the number of calls is not known", price))
    service = None if price is None else price.tariff.service(terms.service)
    tiers = () if price is None or service is None else tiers_of(price.tariff, service)
    reached, assumed = _prompt_size(row, tiers)
    total = total_of_counts(book, row.named or row.model, row.usage, terms, input_tokens_of_each=reached)
    return RowPrice(total, _assumed(row, total, tier=assumed))


def _row_price(book: PriceBook, row: UsageRow, terms: Terms) -> tuple[Price | None, Terms]:
    """Return the row of the book and the terms of a sum of calls; without a row `total_of_counts` has the reason."""
    named = row.named or NamedModel(row.model, row.model)
    try:
        terms = named.terms(terms)
        return price_of(book, named, terms.at), terms
    except (BadUsage, UnpricedUsage):
        return None, terms


def _prompt_size(row: UsageRow, tiers: tuple[Tier, ...]) -> tuple[int, bool]:
    """Return a prompt size in the context tier of each call, and whether the tier is an assumption."""
    if not tiers or row.usage.input_tokens <= tiers[0].above_tokens:
        return (0, False) if not (tiers and row.long_context) else (tiers[0].above_tokens + 1, False)
    if row.calls == 1 and row.long_context is None:
        return row.usage.input_tokens, False
    if row.long_context:
        return tiers[0].above_tokens + 1, len(tiers) > 1
    return 0, row.long_context is None


def _assumed(row: UsageRow, total: CallTotal, *, tier: bool) -> tuple[str, ...]:
    price = total.price
    if price is None or total.usd is None or row.terms is None:
        return ()
    by_hour = price.tariff.schedule and row.terms.service == STANDARD and not isinstance(row.terms.at, datetime)
    if not (tier or by_hour or not row.cache_is_known):
        return ()
    found = ((tier, ASSUMED_TIER), (by_hour, ASSUMED_HOUR), (not row.cache_is_known, ASSUMED_CACHE))
    return tuple(sentence for holds, sentence in found if holds)
