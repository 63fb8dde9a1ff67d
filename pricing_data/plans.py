"""The cost of planned calls: one kind of call, many times, priced for several models side by side."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from pricing_data.book import PriceBook
from pricing_data.cost import multiply
from pricing_data.errors import BadUsage, shown
from pricing_data.named_models import NamedModel
from pricing_data.price import Price
from pricing_data.pricing import PricedLine, price_counts
from pricing_data.responses.stated_terms import instant_stated, region_stated, service_of
from pricing_data.usage import MAX_TOKENS, Terms, Usage

MAX_CALLS = 1_000_000_000
MAX_MODELS = 1_000
MONTHS_OF_A_YEAR = 12
# The count that each of these counts may be given as a share of.
WHOLE_OF = {
    "cached_input_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "cache_write_1h_tokens": "input_tokens",
    "input_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "input_video_tokens": "input_tokens",
    "cached_audio_tokens": "input_audio_tokens",
    "cached_image_tokens": "input_image_tokens",
    "reasoning_tokens": "output_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
}
WHOLES = ("input_tokens", "output_tokens")
COUNTED = ("web_searches", "file_searches", "images", "pages")
OTHERS = ("models", "calls", "monthly", "at", "service_tier", "region")
PROPERTIES = (OTHERS[0], *WHOLES, *WHOLE_OF, *COUNTED, *OTHERS[1:])
EVERY_MODEL = ("*",)

# Returns the model that a name stands for; raises BadUsage for an unknown one.
ResolveName = Callable[[str], NamedModel]


class CallPlan(NamedTuple):
    """A number of equal `calls`, in a month if `monthly`; `usage` is that of one call."""

    models: tuple[str, ...]
    usage: Usage
    calls: int
    monthly: bool
    terms: Terms


class PlannedCost(NamedTuple):
    """The cost of a plan with one model, in USD, per call and in total; `reason` says why there is none.

    `lines` are those of one call.
    """

    model: str
    per_call: Decimal | None
    total: Decimal | None
    lines: tuple[PricedLine, ...]
    price: Price | None
    reason: str | None


def read_plan(fields: Any, now: datetime, every_model: Sequence[str] = ()) -> CallPlan:
    """Return a plan from its properties. Raise BadUsage, which names the property at fault and its value.

    Without `at`, the prices at `now` apply. `every_model` is what "*" stands for.
    """
    if not isinstance(fields, Mapping):
        raise BadUsage("plan", f"must be an object, not {shown(fields)}")
    for name in fields:
        if name not in PROPERTIES:
            raise BadUsage(shown(name)[1:-1], f"is not a property of a plan; it has {', '.join(PROPERTIES)}")
    usage = _usage(fields)
    if fault := usage.fault():
        raise BadUsage("plan", fault)
    monthly = fields.get("monthly", False)
    if not isinstance(monthly, bool):
        raise BadUsage("monthly", f"must be true or false, not {shown(monthly)}")
    calls = whole_number("calls", fields.get("calls", 1), MAX_CALLS)
    return CallPlan(_models(fields, every_model), usage, calls, monthly, _terms(fields, now))


def plan_costs(book: PriceBook, plan: CallPlan, named: ResolveName) -> list[PlannedCost]:
    """Return what a plan costs with each of its models, the cheapest first; those without a price last."""
    found = [_cost(book, plan, model, named) for model in dict.fromkeys(plan.models)]
    return sorted(found, key=lambda cost: (cost.total is None, cost.total or 0))


def _cost(book: PriceBook, plan: CallPlan, model: str, named: ResolveName) -> PlannedCost:
    try:
        priced = price_counts(book, named(model), plan.usage, plan.terms)
    except BadUsage as fault:
        return PlannedCost(model, None, None, (), None, fault.reason)
    total = None if priced.total is None else multiply(plan.calls, priced.total)
    return PlannedCost(model, priced.total, total, priced.lines, priced.price, priced.reason)


def _usage(fields: Mapping[str, Any]) -> Usage:
    counts = {name: whole_number(name, fields[name], MAX_TOKENS) for name in (*WHOLES, *COUNTED) if name in fields}
    for name, whole in WHOLE_OF.items():
        if name in fields:
            counts[name] = part_of(name, fields[name], counts.get(whole, 0), MAX_TOKENS)
    if not any(counts.values()):
        raise BadUsage("input_tokens", "a plan needs tokens, or something else that is counted")
    return Usage(**{"input_tokens": 0, **counts})  # type: ignore[arg-type]  # the counts are whole numbers


def _models(fields: Mapping[str, Any], every_model: Sequence[str]) -> tuple[str, ...]:
    models = fields.get("models")
    if not isinstance(models, list | tuple) or not 1 <= len(models) <= MAX_MODELS:
        raise BadUsage("models", f"must be a list of 1 to {MAX_MODELS:,} names of models")
    for model in models:
        if not isinstance(model, str):
            raise BadUsage("models", f"must be names of models, not {shown(model)}")
    return tuple(every_model) if tuple(models) == EVERY_MODEL and every_model else tuple(models)


def _terms(fields: Mapping[str, Any], now: datetime) -> Terms:
    region = region_stated(fields.get("region")) or None
    return Terms(instant_stated(fields.get("at")) or now, service_of(fields.get("service_tier")), region)


_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([kmb]?)", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_WHOLE_PERCENT = 100


def whole_number(name: str, value: object, largest: int) -> int:
    """Return a count, given as a whole number or as a text such as "2M". Raise BadUsage, which names it."""
    number = _number(value) if isinstance(value, str) else value
    if type(number) is not int or number < 0:
        raise BadUsage(name, f'must be a whole number, 0 or more, or a text such as "2M", "500k", not {shown(value)}')
    if number > largest:
        raise BadUsage(name, f"must be at most {largest:,}, not {shown(value)}")
    return number


def part_of(name: str, value: object, whole: int, largest: int) -> int:
    """Return a count, given as a number or as a share of `whole` such as "40%", rounded down. Raise BadUsage."""
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return whole_number(name, value, largest)
    share = Decimal(found[1])
    if share > _WHOLE_PERCENT:
        raise BadUsage(name, f"must be at most 100%, not {shown(value)}")
    top, bottom = share.as_integer_ratio()
    return whole * top // (bottom * _WHOLE_PERCENT)


def _number(text: str) -> int | None:
    """Return the whole number that a text such as "1.5k" means, None if it means none."""
    found = _QUANTITY.fullmatch(text.replace("_", ""))
    if found is None:
        return None
    top, bottom = (Decimal(found[1]) * _TIMES[found[2].lower()]).as_integer_ratio()
    return top if bottom == 1 else None
