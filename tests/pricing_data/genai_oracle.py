"""genai-prices' own calculation, as a second opinion on the cost of whole calls.

python -m tests.pricing_data.genai_oracle [CALLS]        compare so many random calls, and list what differs
python -m tests.pricing_data.genai_oracle differences    write the list of decided differences anew, to be looked at

Where a call differs, the rates that it is charged at are compared one by one. Each that differs must be in
genai_differences.jsonl, with its dates and the reason. What no source states is unknown here, and unpriced;
genai-prices bills it as plain input or output. That is allowed wherever it does so, and nowhere else.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from genai_prices import Usage as TheirUsage
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider

from pricing_data import Price, PriceBook
from pricing_data.errors import UnpricedUsage
from pricing_data.price import SERVICES, STANDARD, Service
from pricing_data.rate_card import tiers_of
from pricing_data.rate_paths import path_of, rates_by_path
from pricing_data.refresh.decisions import decision_for, read_decisions
from pricing_data.refresh.model_rules import read_model_rules
from pricing_data.usage import Terms, Usage
from scripts.build_prices import UPSTREAM

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
# Announced prices are compared too.
UNTIL = datetime(2027, 2, 1, tzinfo=UTC)
DIFFERENCES = Path(__file__).with_name("genai_differences.jsonl")
BY_ID = {(provider.id, model.id): (provider, model) for provider in providers for model in provider.models}
CONTEXT: Mapping[str, Any] = {
    STANDARD: None,
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast"},
    "ultrafast": {"service_tier": "ultrafast"},
}
# The count of a usage that is charged at a rate, besides the input or output of which it is a part.
COUNTS: Mapping[str, frozenset[str]] = {
    "input": frozenset(),
    "output": frozenset(),
    "cached_input": frozenset({"cached_input_tokens"}),
    "cache_write": frozenset({"cache_write_tokens"}),
    "cache_write_1h": frozenset({"cache_write_1h_tokens"}),
    "input_audio": frozenset({"input_audio_tokens"}),
    "cached_audio": frozenset({"cached_input_tokens", "input_audio_tokens", "cached_audio_tokens"}),
    "output_audio": frozenset({"output_audio_tokens"}),
}
# How many of the random calls need only rates that the book has.
KNOWN = 0.9
OF_OUTPUT = frozenset({"output", "output_audio"})


@dataclass(frozen=True)
class Call:
    """One call of one model at one instant."""

    model: str
    at: datetime
    service: str
    usage: Usage


@dataclass(frozen=True)
class Difference:
    """A rate that is another one here than in genai-prices, from an instant until another one, and why."""

    model: str
    path: str
    since: str
    until: str
    reason: str

    def covers(self, model: str, path: str, at: datetime) -> bool:
        """Return whether it is about a rate at an instant."""
        same = (self.model, self.path) == (model, path)
        return same and datetime.fromisoformat(self.since) <= at < datetime.fromisoformat(self.until)


@cache
def entries() -> dict[str, tuple[Provider, ModelInfo]]:
    """Return the entry of genai-prices of each model that has one."""
    ids = {name: upstream.ids.get("genai-prices") for name, upstream in read_model_rules(UPSTREAM).items()}
    pairs = {name: key.split("/", 1) for name, key in ids.items() if key}
    return {name: BY_ID[provider, entry] for name, (provider, entry) in pairs.items() if (provider, entry) in BY_ID}


def calls(book: PriceBook, count: int, seed: int) -> Iterator[Call]:
    """Yield random calls over all priced models and services, at random instants; often at a tier's bound."""
    rng = random.Random(seed)
    models = sorted(set(entries()) & set(book.histories))
    for number in range(count):
        model = models[number % len(models)]
        row = rng.choice(book.history(model))
        seconds = int((UNTIL - max(SINCE, row.begins)).total_seconds())
        at = max(SINCE, row.begins) + timedelta(seconds=rng.randrange(seconds))
        held = book.price(model, at) or row
        known = [STANDARD, STANDARD, *(service.name for service in held.tariff.services)]
        service = rng.choice(known if rng.random() < KNOWN else list(CONTEXT))
        yield Call(model, at, service, _usage(rng, held, service))


def _usage(rng: random.Random, row: Price, name: str) -> Usage:
    """A random usage, mostly of what the row has rates for."""
    service = row.tariff.service(name) or Service(name, row.tariff.rates, row.tariff.tiers)
    units = [unit for unit in COUNTS if getattr(service.rates, unit) is not None]
    if rng.random() >= KNOWN:
        units = list(COUNTS)
    bound = rng.choice([tier.above_tokens for tier in tiers_of(row.tariff, service)] or [1000])
    tokens = rng.choice([bound, bound + 1, rng.randrange(10**6), rng.randrange(10**9)])
    output = rng.randrange(10**6) if row.output is not None else 0
    cached = rng.randrange(tokens + 1) if "cached_input" in units and rng.random() < 0.5 else 0
    usage = Usage(tokens, output, cached_input_tokens=cached)
    rest = tokens - cached
    match rng.choice(["plain", *units]):
        case "cache_write":
            return usage._replace(cache_write_tokens=rng.randrange(rest + 1))
        case "cache_write_1h":
            short = rest // 3 if "cache_write" in units else 0
            return usage._replace(cache_write_tokens=short, cache_write_1h_tokens=rng.randrange(rest - short + 1))
        case "input_audio":
            return usage._replace(input_audio_tokens=rng.randrange(rest + 1), cached_audio_tokens=0)
        case "output_audio":
            return usage._replace(output_audio_tokens=rng.randrange(output + 1))
    return usage


def theirs(call: Call) -> Decimal:
    """Return what genai-prices itself makes of a call, in USD."""
    provider, model = entries()[call.model]
    usage = call.usage
    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens + usage.cache_write_1h_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "output_audio_tokens": usage.output_audio_tokens,
    }
    named = {name: count for name, count in counts.items() if count or name in ("input_tokens", "output_tokens")}
    if usage.input_audio_tokens:
        named["cache_audio_read_tokens"] = usage.cached_audio_tokens or 0
    fast_anthropic = provider.id == "anthropic" and call.service == "fast"
    context = {"speed": "fast"} if fast_anthropic else CONTEXT[call.service]
    found = model.calc_price(TheirUsage(**named), provider, genai_request_timestamp=call.at, price_context=context)
    return found.total_price


def ours(book: PriceBook, call: Call) -> Decimal | None:
    """Return what the book makes of it, None if it has no price for it."""
    try:
        return book.call_cost(call.model, call.usage, Terms(call.at, call.service)).total
    except UnpricedUsage:
        return None


def unexplained(book: PriceBook, call: Call, known: Sequence[Difference]) -> list[str]:
    """Return the paths of the rates that differ without being decided; none if the cost is the same."""
    if ours(book, call) == theirs(call) or book.price(call.model, call.at) is None:
        return []
    return [
        path
        for unit, path in _paths(book, call)
        if _differs(book, call, unit) and not any(one.covers(call.model, path, call.at) for one in known)
    ]


def _paths(book: PriceBook, call: Call) -> Iterator[tuple[str, str]]:
    """Yield the rates that a call needs, and their paths in the row."""
    row = book.price(call.model, call.at)
    above = _bound(row, call.service, call.usage.input_tokens) if row else 0
    for unit in COUNTS:
        if _count(call.usage, unit) or unit == "input":
            yield unit, path_of(unit, call.service, above)


def _count(usage: Usage, unit: str) -> int:
    if unit == "input":
        return usage.input_tokens
    if unit == "output":
        return usage.output_tokens
    if unit == "cached_audio":
        return usage.cached_audio_tokens or 0
    return int(getattr(usage, next(iter(COUNTS[unit]))))


def _alone(call: Call, unit: str) -> Call:
    """Return the same call with nothing but what is charged at one rate, and with as much input."""
    tokens = call.usage.input_tokens
    if unit in OF_OUTPUT:
        parts: dict[str, Any] = dict.fromkeys(COUNTS[unit], 1000)
        return replace(call, usage=Usage(tokens, 1000, **parts))
    parts = dict.fromkeys(COUNTS[unit], tokens)
    return replace(call, usage=Usage(tokens, **parts))


def _differs(book: PriceBook, call: Call, unit: str) -> bool:
    """Return whether one rate is another one in genai-prices.

    What is unknown here may cost there what a plainer unit does, or the same unit of the standard service.
    """
    own, other = _cost(lambda one: ours(book, one), call, unit), _cost(theirs, call, unit)
    if own is not None:
        return own != other
    units = ("output",) if unit in OF_OUTPUT else ("input", "cached_input", "cache_write", "input_audio")
    plainer = [(call.service, wider) for wider in units if wider != unit]
    if call.service != STANDARD:
        plainer += [(STANDARD, wider) for wider in (*units, unit)]
    return other not in [_cost(theirs, replace(call, service=name), wider) for name, wider in plainer]


def _cost(cost: Callable[[Call], Decimal | None], call: Call, unit: str) -> Decimal | None:
    """Return what the input of a call, or a thousand tokens of output, costs at one rate; None if that is unknown."""
    whole = cost(_alone(call, unit))
    base = cost(replace(call, usage=Usage(call.usage.input_tokens))) if unit in OF_OUTPUT else Decimal()
    return None if whole is None or base is None else whole - base


def read_differences(path: Path = DIFFERENCES) -> list[Difference]:
    """Return the decided differences: a line for each model, span and reason, with its paths."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [
        Difference(line["model"], where, line["since"], line["until"], line["reason"])
        for line in lines
        for where in line["paths"]
    ]


def find_differences(book: PriceBook) -> list[Difference]:
    """Return every rate that differs, at every instant at which a price of either changes, with a reason."""
    found: list[Difference] = []
    for model in sorted(set(entries()) & set(book.histories)):
        marks = _marks(book, model)
        for since, until in zip(marks, [*marks[1:], UNTIL], strict=True):
            found += _in_span(book, model, since, until)
    return found


def _marks(book: PriceBook, model: str) -> list[datetime]:
    """The instants at which a price changes, here or there, from the first known price on."""
    _, entry = entries()[model]
    theirs_dated = {start for prices in _listed(entry) if (start := _start(prices)) is not None}
    begins = [row.begins for row in book.history(model)]
    first = max(min(begins), SINCE)
    return sorted({first, *(mark for mark in {*begins, *theirs_dated} if first < mark < UNTIL)})


def _listed(entry: ModelInfo) -> list[Any]:
    variants = list(getattr(entry, "price_variants", None) or ())
    return [*(entry.prices if isinstance(entry.prices, list) else []), *variants]


def _start(prices: Any) -> datetime | None:
    start = getattr(prices.constraint, "start_date", None)
    if start is None or isinstance(start, datetime):
        return start
    return datetime(start.year, start.month, start.day, tzinfo=UTC)


def _in_span(book: PriceBook, model: str, since: datetime, until: datetime) -> Iterator[Difference]:
    """Yield each rate that differs at the beginning of a span, for a short call or for one above any tier's bound."""
    row = book.price(model, since)
    if row is None:
        return
    bounds = {tier.above_tokens for tier in (*row.tariff.tiers, *(t for s in row.tariff.services for t in s.tiers))}
    found: dict[str, None] = {}
    for service, unit, tokens in product(SERVICES, COUNTS, sorted({1000, *(bound + 1 for bound in bounds)})):
        if unit in OF_OUTPUT and row.output is None:
            continue
        path = path_of(unit, service, _bound(row, service, tokens))
        call = Call(model, since, service, Usage(tokens))
        if path not in found and any(_differs(book, one, unit) for one in _hours(row, call)):
            found[path] = None
    for path in found:
        yield Difference(model, path, since.isoformat(), until.isoformat(), _reason(row, path, since))


def _bound(row: Price, name: str, tokens: int) -> int:
    """The bound of the tier that a call reaches; 0 if it reaches none."""
    service = row.tariff.service(name)
    bounds = [tier.above_tokens for tier in tiers_of(row.tariff, service)] if service else []
    return max((bound for bound in bounds if tokens > bound), default=0)


def _hours(row: Price, call: Call) -> list[Call]:
    """The call at each hour of a week, if the row or the entry has hours."""
    if not (row.tariff.schedule or _has_hours(row.model)) or call.service != STANDARD:
        return [call]
    return [replace(call, at=call.at + timedelta(hours=hour)) for hour in range(7 * 24)]


@cache
def _has_hours(model: str) -> bool:
    _, entry = entries()[model]
    return any(hasattr(prices.constraint, "start_time") for prices in _listed(entry))


def _reason(row: Price, path: str, at: datetime) -> str:
    decision = decision_for(read_decisions().get(row.model, ()), path, at)
    if decision is not None:
        return f"decided: {decision.reason}"
    if (row.tariff.schedule or _has_hours(row.model)) and "." not in path:
        return "hours: genai-prices has them on every day, or not at all; model-prices knows weekdays and holidays"
    plain, _, above = path.partition(">")
    if above and path not in rates_by_path(row.tariff) and plain in rates_by_path(row.tariff):
        return "unknown here: no source states the rate above the bound; genai-prices charges the one below it"
    if path not in rates_by_path(row.tariff):
        return "unknown here: genai-prices states it beside an input price that did not hold then, or from a later day"
    told = row.statement(path)
    package, basis = told.source.package, told.basis
    if package == "rules":
        return "rule: the provider documents a factor, genai-prices does not state the rate"
    if package == "genai-prices":
        return "dated: the day of a change is documented more exactly than genai-prices has it"
    names = {
        "tokencost": "LiteLLM",
        "litellm": "LiteLLM",
        "model-prices": "model-prices",
        "decisions.toml": "a decision",
    }
    return f"stated by {names[package]} ({basis}): genai-prices lacks it, or has the rate of a later day"


def write_differences(found: Sequence[Difference], path: Path = DIFFERENCES) -> None:
    """Write the differences, those of one span and reason on one line."""
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for one in found:
        grouped.setdefault((one.model, one.since, one.until, one.reason), []).append(one.path)
    lines = [
        {"model": model, "since": since, "until": until, "paths": paths, "reason": reason}
        for (model, since, until, reason), paths in _joined(grouped).items()
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _joined(grouped: Mapping[tuple[str, str, str, str], list[str]]) -> dict[tuple[str, str, str, str], list[str]]:
    """Successive spans of the same paths and reason as one."""
    joined: dict[tuple[str, str, str, str], list[str]] = {}
    for (model, since, until, reason), paths in grouped.items():
        before = next(
            (key for key in joined if (key[0], key[2], key[3]) == (model, since, reason) and joined[key] == paths), None
        )
        if before:
            joined[model, before[1], until, reason] = joined.pop(before)
        else:
            joined[model, since, until, reason] = paths
    return joined


def main() -> int:
    """Compare; 1 if anything differs that is not decided."""
    book = PriceBook.from_package()
    if sys.argv[1:] == ["differences"]:
        write_differences(found := find_differences(book))
        sys.stdout.write(f"{len(found)} rates and spans differ\n")
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    known = read_differences()
    by_model: dict[str, list[Difference]] = {}
    for one in known:
        by_model.setdefault(one.model, []).append(one)
    differing = 0
    for call in calls(book, count, 0):
        if paths := unexplained(book, call, by_model.get(call.model, ())):
            differing += 1
            sys.stdout.write(f"{call.model} at {call.at} {call.service} {paths}: {ours(book, call)}, {theirs(call)}\n")
    sys.stdout.write(f"{count} calls compared, {differing} differ without being decided\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
