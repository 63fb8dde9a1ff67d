"""The cost of a call in the most obvious way: by fractions, each rate looked up by hand. Slow, for comparison."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from pricing_data.dates import is_holiday
from pricing_data.price import STANDARD, Price, Rates, Tariff, Window
from pricing_data.usage import Terms, Usage

COUNTED = {
    "per_call": "requests",
    "web_search": "web_searches",
    "file_search": "file_searches",
    "image": "images",
    "second": "seconds",
    "page": "pages",
}


def slow_cost(price: Price, usage: Usage, terms: Terms, input_tokens_of_each: int | None = None) -> Fraction | None:
    """Return the cost in USD, None where the row does not state what the call needs."""
    rates = reached(price.tariff, usage.input_tokens if input_tokens_of_each is None else input_tokens_of_each, terms)
    factor = Fraction(1)
    if terms.region not in (None, "", "global"):
        found = dict(price.tariff.regions).get(str(terms.region))
        if found is None:
            return None
        factor = Fraction(found)
    if rates is None or rates.input is None:
        return None
    tokens = _tokens(rates, usage)
    counted = _counted(rates, price.tariff.rates, usage)
    return None if tokens is None or counted is None else tokens * factor + counted


def reached(tariff: Tariff, input_tokens: int, terms: Terms) -> Rates | None:
    """Return the rates that a call of so many input tokens reaches."""
    service = tariff.service(terms.service)
    if service is None:
        return None
    if terms.service == STANDARD and isinstance(terms.at, datetime):
        for window in tariff.schedule[::-1]:
            if covers(window, terms.at):
                return window.rates
    for tier in service.tiers[::-1]:
        if input_tokens > tier.above_tokens:
            return tier.rates
    if not service.tiers and tariff.tiers and input_tokens > tariff.tiers[0].above_tokens:
        return None
    return service.rates


def covers(window: Window, at: datetime) -> bool:
    """Whether an instant is in a window: walk through the windows that began on that day and on the day before."""
    local = at.replace(tzinfo=None) - (at.utcoffset() or timedelta()) + timedelta(minutes=window.utc_offset_minutes)
    for began_on in (local.date(), local.date() - timedelta(days=1)):
        starts = datetime.combine(began_on, window.starts)
        ends = datetime.combine(began_on, window.ends)
        if ends <= starts:
            ends += timedelta(days=1)
        weekday = not window.weekdays or began_on.isoweekday() in window.weekdays
        works = window.holidays is None or not is_holiday(window.holidays, began_on)
        if starts <= local < ends and weekday and works:
            return True
    return False


def _tokens(rates: Rates, usage: Usage) -> Fraction | None:
    """The sum over a list of (tokens, rate), the rest of input and output last."""
    cached_audio = cached_image = 0
    if usage.cached_input_tokens and usage.input_audio_tokens:
        if usage.cached_audio_tokens is None:
            return None
        cached_audio = usage.cached_audio_tokens
    apart = rates.input_image is not None or rates.cached_image is not None
    if usage.cached_input_tokens and usage.input_image_tokens and apart:
        if usage.cached_image_tokens is None:
            return None
        cached_image = usage.cached_image_tokens
    parts: list[tuple[int, Decimal | None]] = [
        (usage.cached_input_tokens - cached_audio - cached_image, rates.cached_input),
        (cached_audio, rates.cached_audio),
        (cached_image, rates.cached_image),
        (usage.cache_write_tokens, rates.cache_write),
        (usage.cache_write_1h_tokens, rates.cache_write_1h),
        (usage.input_audio_tokens - cached_audio, rates.input_audio),
    ]
    if rates.input_image is not None:
        parts.append((usage.input_image_tokens - cached_image, rates.input_image))
    if rates.input_video is not None:
        parts.append((usage.input_video_tokens, rates.input_video))
    parts.append((usage.input_tokens - sum(count for count, _ in parts), rates.input))
    answer: list[tuple[int, Decimal | None]] = [
        (usage.output_audio_tokens, rates.output_audio),
        (usage.output_image_tokens, rates.output_image),
    ]
    if rates.reasoning is not None:
        answer.append((usage.reasoning_tokens, rates.reasoning))
    answer.append((usage.output_tokens - sum(count for count, _ in answer), rates.output))
    total = Fraction()
    for count, rate in (*parts, *answer):
        if count < 0 or (count and rate is None):
            return None
        total += count * Fraction(rate or 0)
    return total


def _counted(rates: Rates, standard: Rates, usage: Usage) -> Fraction | None:
    total = Fraction()
    for rate_name, count_name in COUNTED.items():
        count = getattr(usage, count_name)
        rate = getattr(rates, rate_name)
        if rate is None:
            rate = getattr(standard, rate_name)
        if count and rate is None and rate_name != "per_call":
            return None
        total += Fraction(count) * Fraction(rate or 0)
    return total
