"""Words for prices: rates, service tiers, hours, days and their sources."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby

from pricing_data import Rates, Statement, Tariff, plain
from pricing_data.charged_counts import COUNTS
from pricing_data.price import STANDARD, Window
from pricing_data.rate_card import tiers_of
from pricing_data.rate_paths import StatedRate, known_rates

MTOK = 1_000_000
TOKENS = {
    "input": "input",
    "output": "output",
    "cached_input": "input read from a cache",
    "cache_write": "input written to a cache",
    "cache_write_1h": "input written to a cache for an hour",
    "input_audio": "audio input",
    "cached_audio": "audio read from a cache",
    "input_image": "image input",
    "cached_image": "images read from a cache",
    "input_video": "video input",
    "reasoning": "reasoning",
    "output_audio": "audio output",
    "output_image": "generated images",
}
EACH = {
    "per_call": "each call, besides its tokens",
    "web_search": "each web search",
    "file_search": "each file search",
    "image": "each image",
    "second": "each second",
    "page": "each page",
}
MILLIONS = {
    "input": "a million input tokens",
    "output": "a million output tokens",
    "cached_input": "a million input tokens read from a cache",
    "cache_write": "a million input tokens written to a cache",
    "cache_write_1h": "a million input tokens written to a cache for an hour",
}
SERVICES = {
    STANDARD: "",
    "batch": "batch",
    "flex": "flex tier",
    "priority": "priority tier",
    "fast": "fast mode",
    "ultrafast": "ultrafast mode",
}
IN_SERVICE = {
    "batch": "In a batch",
    "flex": "In the flex tier",
    "priority": "In the priority tier",
    "fast": "In fast mode",
    "ultrafast": "In ultrafast mode",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CALENDARS = {"cn": "public holidays of China"}


def unit_words(unit: str) -> str:
    """Return what a rate is charged for, such as "input read from a cache" or "each web search"."""
    return TOKENS.get(unit) or EACH[unit]


def is_counted(unit: str) -> bool:
    """Return whether a rate is per item, such as a web search, instead of per token."""
    return unit in COUNTS


def scaled(unit: str, rate: Decimal) -> str:
    """Return a rate in USD per million tokens, or per item."""
    return plain(rate if is_counted(unit) else rate * MTOK)


def rate_lines(rates: Rates) -> Iterator[str]:
    """Yield a line for each rate, such as "    1.25  for a million input tokens (0.00000125 each)"."""
    for unit, rate in known_rates(rates):
        if is_counted(unit):
            yield f"  {plain(rate):>8}  for {EACH[unit]}"
        else:
            tokens = MILLIONS.get(unit, f"a million tokens of {TOKENS[unit]}")
            yield f"  {plain(rate * MTOK):>8}  for {tokens} ({plain(rate)} each)"


def rates_in_a_row(rates: Rates) -> str:
    """Return all rates in words, such as "1.25 for input and 10 for output a million; 0.035 for each web search"."""
    known = list(known_rates(rates))
    tokens = [f"{plain(rate * MTOK)} for {TOKENS[unit]}" for unit, rate in known if not is_counted(unit)]
    counted = [f"{plain(rate)} for {EACH[unit]}" for unit, rate in known if is_counted(unit)]
    return "; ".join([*([f"{listed(tokens)} a million"] if tokens else []), *counted])


def listed(words: Sequence[str]) -> str:
    """Return a list in words, such as "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def tariff_lines(tariff: Tariff) -> Iterator[str]:
    """Yield a sentence for each rate of a tariff besides the plain ones: tiers, hours, services and regions."""
    for tier in tariff.tiers:
        above = f"A call with more than {tier.above_tokens:,} input tokens"
        rates = rates_in_a_row(_main(tier.rates))
        yield f"{above} costs, for all its tokens, {rates}." if rates else f"{above} has no known price."
    yield from schedule_lines(tariff.schedule)
    for service in tariff.services:
        if rates := rates_in_a_row(_main(service.rates)):
            yield f"{IN_SERVICE[service.name]} it costs {rates}."
        for tier in tiers_of(tariff, service):
            above = f"{IN_SERVICE[service.name]}, with more than {tier.above_tokens:,} input tokens"
            rates = rates_in_a_row(_main(tier.rates))
            yield f"{above}, it costs {rates}." if rates else f"{above}, its price is not known."
    for region, factor in tariff.regions:
        yield f"With its data kept in {region}, all tokens cost {plain(factor)} times as much."


def _main(rates: Rates) -> Rates:
    return Rates(rates.input, rates.output)


def schedule_lines(schedule: Iterable[Window]) -> Iterator[str]:
    """Yield a sentence for each group of hours with the same rates and days."""
    for windows in alike_windows(schedule):
        comma = "," if windows[0].holidays else ""
        yield f"{hours_words(windows)}{comma} it costs {rates_in_a_row(_main(windows[0].rates))}."


def alike_windows(schedule: Iterable[Window]) -> list[list[Window]]:
    """Return the windows in groups of the same rates and days."""
    alike = groupby(schedule, lambda it: (it.rates, it.weekdays, it.utc_offset_minutes, it.holidays))
    return [list(windows) for _, windows in alike]


def hours_words(windows: Sequence[Window]) -> str:
    """Return the time of windows, such as "From 09:00 to 12:00 (UTC+08:00) on Monday to Friday"."""
    spans = listed([f"from {window.starts:%H:%M} to {window.ends:%H:%M}" for window in windows])
    window = windows[0]
    zone = f"(UTC{_offset(window.utc_offset_minutes)})" if window.utc_offset_minutes else "UTC"
    days = f"on {_days(window.weekdays)}" if window.weekdays else "each day"
    except_for = f", except on {CALENDARS.get(window.holidays, window.holidays)}" if window.holidays else ""
    return f"{spans[:1].upper()}{spans[1:]} {zone} {days}{except_for}"


def _offset(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _days(weekdays: tuple[int, ...]) -> str:
    names = [DAYS[day - 1] for day in weekdays]
    in_a_row = weekdays == tuple(range(weekdays[0], weekdays[0] + len(weekdays)))
    return f"{names[0]} to {names[-1]}" if in_a_row and len(names) > 2 else listed(names)


def place_words(rate: StatedRate) -> str:
    """Return which calls a rate is for, such as "Batch, above 200,000 input tokens"; empty for plain calls."""
    above = f"above {rate.above_tokens:,} input tokens" if rate.above_tokens else ""
    words = ", ".join(filter(None, (SERVICES[rate.service], above)))
    return words[:1].upper() + words[1:]


def rate_words(unit: str, service: str, above_tokens: int) -> str:
    """Return one rate in words, such as "batch input above 200,000 tokens"."""
    above = f"above {above_tokens:,} tokens" if above_tokens else ""
    return " ".join(filter(None, (SERVICES[service], unit_words(unit), above)))


def since_words(statement: Statement) -> str:
    """Return since when a source states a rate and how that is known, such as "2026-04-20, dated by the list"."""
    if statement.not_before is not None:
        return f"between {statement.not_before} and {statement.since}, observed"
    known = {
        "documented": "a page is cited",
        "upstream_dated": "dated by the list",
        "upstream_commit": "added to a list",
        "first_observed": "first read",
        "observed": "observed",
        "release": "the model's release",
        "override": "set by a person",
    }.get(statement.basis, "first read")
    return f"{statement.since}, {known}"


def day_words(day: date) -> str:
    """Return a date in words, such as "3 March 2026"."""
    return f"{day.day} {day:%B %Y}"


def moment_words(at: date) -> str:
    """Return a date, or an instant in UTC, in words, such as "3 March 2026, 16:00 UTC"."""
    if not isinstance(at, datetime):
        return day_words(at)
    there = at.astimezone(UTC)
    return f"{day_words(there)}, {there:%H:%M} UTC"
