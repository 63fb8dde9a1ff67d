"""Explain why a bill differs from own prices: candidate causes are tried in order, and sum to the difference."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from pricing_data import PriceBook
from pricing_data.cost import add, multiply, rounded, subtract
from pricing_data.price import SERVICES, Price
from pricing_data.usage import Usage
from pricing_data.usage_files.pricing_rows import price_row
from pricing_data.usage_files.row import UsageRow

SERVICE_TIER, CACHE_KIND, TTL, REGION = "service tier", "cache kind", "TTL", "region"
TOOL_FEE, MISSING_CALL, ROUNDING, UNKNOWN = "tool fee", "missing call", "rounding", "unknown"
# Bills are rounded to cents or finer; a bill in whole dollars is not taken as rounded.
MIN_DECIMALS = 2
# More searches than this in one call are not plausible.
MAX_SEARCHES_A_CALL = 10
ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN)


class Cause(NamedTuple):
    """One cause of a difference: its kind, a detail, and its part of the charge minus own prices, in USD."""

    kind: str
    detail: str
    usd: Decimal


class PricedRow(NamedTuple):
    """A row of usage, and its cost at own prices in USD."""

    row: UsageRow
    usd: Decimal
    price: Price | None


class Explanation(NamedTuple):
    """Another way in which rows may have been charged, and their cost in USD that way."""

    kind: str
    detail: str
    usd: Decimal


def causes_of(book: PriceBook, rows: Sequence[PricedRow], charged: Decimal) -> list[Cause]:
    """Return why what was charged for rows differs from what they cost; the amounts sum to the difference exactly.

    The first explanation that gives the charge exactly is the cause: other terms and counts, then rounding of the own
    price, then a call too few or too many. Else it is an explanation whose amount was rounded, else unknown.
    """
    own = add(*(each.usd for each in rows))
    difference = subtract(charged, own)
    if not difference:
        return []
    changed = list(_changed_prices(book, rows, charged, own))
    rounding = [Explanation(ROUNDING, _to_decimals(charged), charged)] if _rounds_to(own, charged) else []
    explanations = [*changed, *rounding, *_calls(rows, charged, own)]
    exact = next((each for each in explanations if each.usd == charged), None)
    if exact is not None:
        return [Cause(exact.kind, exact.detail, difference)]
    near = next((each for each in changed if each.usd != own and _rounds_to(each.usd, charged)), None)
    if near is not None:
        rest = Cause(ROUNDING, _to_decimals(charged), subtract(charged, near.usd))
        return [Cause(near.kind, near.detail, subtract(near.usd, own)), rest]
    return [Cause(UNKNOWN, "", difference)]


def sum_up(causes: Sequence[Cause]) -> list[Cause]:
    """Return causes with those of one kind and detail added up, without those that cancel out."""
    found: dict[tuple[str, str], Decimal] = {}
    for cause in causes:
        key = cause.kind, cause.detail
        found[key] = add(found.get(key, Decimal()), cause.usd)
    return [Cause(*key, usd) for key, usd in found.items() if usd]


def _changed_prices(
    book: PriceBook, rows: Sequence[PricedRow], charged: Decimal, own: Decimal
) -> Iterator[Explanation]:
    """Yield what the rows would cost on other terms and with other counts, in the order in which they are tried."""
    for kind, detail, change in _changes(rows):
        changed = [price_row(book, change(each.row)).total.usd for each in rows]
        if None not in changed:
            yield Explanation(kind, detail, add(*(usd for usd in changed if usd is not None)))
    yield from _searches(rows, charged, own)


RowChange = Callable[[UsageRow], UsageRow]


def _changes(rows: Sequence[PricedRow]) -> Iterator[tuple[str, str, RowChange]]:
    for service in SERVICES:
        if any(each.row.terms and each.row.terms.service != service for each in rows):
            yield SERVICE_TIER, f"charged as {service}", _in_service(service)
    usages = [each.row.usage for each in rows]
    if any(usage.cached_input_tokens for usage in usages):
        yield CACHE_KIND, "cached tokens charged as other input", _with_usage(_uncached)
    if any(_uncached_tokens(usage) for usage in usages):
        yield CACHE_KIND, "all input charged as cached", _with_usage(_cached)
    if any(usage.cache_write_tokens or usage.cache_write_1h_tokens for usage in usages):
        yield CACHE_KIND, "written tokens charged as other input", _with_usage(_unwritten)
    if any(usage.cache_write_tokens for usage in usages):
        yield TTL, "writes for 5 minutes charged as for 1 hour", _with_usage(_written_1h)
    if any(usage.cache_write_1h_tokens for usage in usages):
        yield TTL, "writes for 1 hour charged as for 5 minutes", _with_usage(_written_5m)
    if any(each.row.terms and each.row.terms.region for each in rows):
        yield REGION, "charged without the region's factor", _in_region(None)
    for region in sorted({name for each in rows if each.price for name, _ in each.price.tariff.regions}):
        yield REGION, f"charged as in {region}", _in_region(region)
    if any(usage.web_searches for usage in usages):
        yield TOOL_FEE, "web searches not charged", _with_usage(lambda usage: usage._replace(web_searches=0))
    if any(usage.file_searches for usage in usages):
        yield TOOL_FEE, "file searches not charged", _with_usage(lambda usage: usage._replace(file_searches=0))


def _searches(rows: Sequence[PricedRow], charged: Decimal, own: Decimal) -> Iterator[Explanation]:
    """Yield a number of web searches that the usage lacks, if the difference is a multiple of their price."""
    calls = sum(each.row.usage.requests for each in rows)
    fees = sorted(
        {each.price.tariff.rates.web_search for each in rows if each.price and each.price.tariff.rates.web_search}
    )
    extra = subtract(charged, own)
    for fee in fees:
        searches = Fraction(extra) / Fraction(fee)
        if searches.denominator == 1 and 0 < searches <= calls * MAX_SEARCHES_A_CALL:
            yield Explanation(TOOL_FEE, f"{searches} web searches that the usage does not have", charged)


def _calls(rows: Sequence[PricedRow], charged: Decimal, own: Decimal) -> Iterator[Explanation]:
    """Yield rows that were not charged or charged twice, and calls of one row that were."""
    for each in rows:
        if each.usd and subtract(own, charged) == each.usd:
            yield Explanation(MISSING_CALL, f"row {each.row.number} not charged", charged)
        elif each.usd and subtract(charged, own) == each.usd:
            yield Explanation(MISSING_CALL, f"row {each.row.number} charged twice", charged)
    if charged == 0:
        yield Explanation(MISSING_CALL, "nothing charged", charged)
    for each in rows if len(rows) == 1 else ():
        calls = each.row.calls or 0
        if calls > 1 and multiply(calls, charged) == multiply(calls - 1, own):
            yield Explanation(MISSING_CALL, f"{calls - 1} of {calls} calls charged", charged)
        elif calls > 1 and multiply(calls, charged) == multiply(calls + 1, own):
            yield Explanation(MISSING_CALL, f"{calls + 1} calls charged for {calls}", charged)


def _in_service(service: str) -> RowChange:
    return lambda row: row._replace(terms=None if row.terms is None else replace(row.terms, service=service))


def _in_region(region: str | None) -> RowChange:
    return lambda row: row._replace(terms=None if row.terms is None else replace(row.terms, region=region))


def _with_usage(change: Callable[[Usage], Usage]) -> RowChange:
    return lambda row: row._replace(usage=change(row.usage))


def _uncached(usage: Usage) -> Usage:
    return usage._replace(cached_input_tokens=0, cached_audio_tokens=0, cached_image_tokens=0)


def _uncached_tokens(usage: Usage) -> int:
    return usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens - usage.cache_write_1h_tokens


def _cached(usage: Usage) -> Usage:
    read = usage.input_tokens - usage.cache_write_tokens - usage.cache_write_1h_tokens
    audio, image = min(usage.input_audio_tokens, read), min(usage.input_image_tokens, read)
    return usage._replace(cached_input_tokens=read, cached_audio_tokens=audio, cached_image_tokens=image)


def _unwritten(usage: Usage) -> Usage:
    return usage._replace(cache_write_tokens=0, cache_write_1h_tokens=0)


def _written_1h(usage: Usage) -> Usage:
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    return usage._replace(cache_write_tokens=0, cache_write_1h_tokens=written)


def _written_5m(usage: Usage) -> Usage:
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    return usage._replace(cache_write_tokens=written, cache_write_1h_tokens=0)


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _to_decimals(amount: Decimal) -> str:
    return f"to {_decimals(amount)} decimals"


def _rounds_to(amount: Decimal, charged: Decimal) -> bool:
    """Return whether an amount, rounded to the decimals of a charge, equals the charge."""
    decimals = _decimals(charged)
    if decimals < MIN_DECIMALS or _decimals(amount) <= decimals:
        return False
    return any(rounded(amount, decimals, way) == charged for way in ROUNDINGS)
