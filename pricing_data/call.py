"""The cost of a call under one row of the book: its tokens times the rates that its terms reach, never rounded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from pricing_data.calendars import is_holiday
from pricing_data.cost import add, multiply
from pricing_data.errors import UnpricedUsage
from pricing_data.price import COUNTED_FIELDS, STANDARD, Price, Rates, Tier, Window, path_of
from pricing_data.usage import Terms, Usage

INPUT, OUTPUT, COUNTED = "input", "output", "counted"
# What counted things are called, as a rate and in a usage.
COUNTS = dict(
    zip(COUNTED_FIELDS, ("requests", "web_searches", "file_searches", "images", "seconds", "pages"), strict=True)
)
# Regions in which every provider charges its plain rates.
PLAIN_REGIONS = frozenset({"global"})


@dataclass(frozen=True, slots=True)
class Line:
    """One rate that a call is charged at. `path` names it in the row; `rate` is USD, with the region's factor."""

    kind: str
    unit: str
    count: int | Decimal
    rate: Decimal
    path: str

    @property
    def amount(self) -> Decimal:
        """Return what it comes to, in USD, exactly."""
        return multiply(self.count, self.rate)


@dataclass(frozen=True, slots=True)
class CallCost:
    """What a call costs, in USD: a line for each rate that it is charged at, and the row that says so."""

    lines: tuple[Line, ...]
    rates: Rates
    price: Price
    region_factor: Decimal | None = None

    @property
    def total(self) -> Decimal:
        """Return the exact sum of all lines."""
        return add(*(line.amount for line in self.lines))

    @property
    def input(self) -> Decimal:
        """Return the cost of the input, cached and written tokens among it."""
        return self._of(INPUT)

    @property
    def output(self) -> Decimal:
        """Return the cost of the output."""
        return self._of(OUTPUT)

    @property
    def counted(self) -> Decimal:
        """Return the cost of what is no token: a fee for the call, searches, images, seconds, pages."""
        return self._of(COUNTED)

    def _of(self, kind: str) -> Decimal:
        return add(*(line.amount for line in self.lines if line.kind == kind))


@dataclass(frozen=True, slots=True)
class Rating:
    """The rates of a row that a call reaches, and where they stand in it."""

    rates: Rates
    service: str = STANDARD
    above_tokens: int = 0
    in_schedule: bool = False

    def path(self, rate: str) -> str:
        """Return where a rate stands in the row's tariff."""
        return "schedule" if self.in_schedule else path_of(rate, self.service, self.above_tokens)


def call_cost(price: Price, usage: Usage, terms: Terms, *, input_tokens_of_each: int | None = None) -> CallCost:
    """Return the cost of a call under one row. Raise UnpricedUsage where the row does not state a rate that it needs.

    For several calls together, `input_tokens_of_each` is an input that reaches the same tier as each of theirs.
    """
    if fault := usage.fault():
        raise UnpricedUsage(price.model, fault)
    reached = usage.input_tokens if input_tokens_of_each is None else input_tokens_of_each
    rating = rating_of(price, reached, terms)
    factor = region_factor(price, terms.region)
    lines = (*_token_lines(price, usage, rating), *_counted_lines(price, usage, rating))
    if factor is not None:
        lines = tuple(_in_region(line, factor) for line in lines)
    return CallCost(lines, rating.rates, price, factor)


def rates_at(price: Price, input_tokens: int, terms: Terms) -> Rates:
    """Return the rates for a call; raise UnpricedUsage if its service has none."""
    return rating_of(price, input_tokens, terms).rates


def rating_of(price: Price, input_tokens: int, terms: Terms) -> Rating:
    """Return the rates for a call: of its service, of the hour, or of the tier that its input reaches.

    A tier's rates hold for the whole call, as every source defines them. A date has no hour: then the rates of most
    of the day hold. Raise UnpricedUsage if the service has no rates; ValueError for an instant without a zone.
    """
    tariff = price.tariff
    service = tariff.service(terms.service)
    if service is None:
        raise UnpricedUsage(price.model, f"no price for {_named(terms.service)} is known")
    if terms.service == STANDARD and (window := _window(tariff.schedule, terms.at)):
        return Rating(window.rates, in_schedule=True)
    tier = _tier(service.tiers, input_tokens)
    return Rating(tier.rates, service.name, tier.above_tokens) if tier else Rating(service.rates, service.name)


def region_factor(price: Price, region: str | None) -> Decimal | None:
    """Return by what token rates are multiplied in a region, None for plain rates. Raise UnpricedUsage if not known."""
    if not region or region in PLAIN_REGIONS:
        return None
    factor = dict(price.tariff.regions).get(region)
    if factor is None:
        raise UnpricedUsage(price.model, f"no price for region {region!r} is known")
    return factor


def _named(service: str) -> str:
    return {"batch": "batches", "priority": "priority calls"}.get(service, f"service tier {service!r}")


def _token_lines(price: Price, usage: Usage, rating: Rating) -> Iterator[Line]:
    """The tokens by the rate that each is charged at. What has no rate of its own and needs one is refused.

    Images, video and reasoning cost what other tokens do, unless a row has rates for them: no provider charges them
    apart without saying so. Audio, generated images, and what is read from caches or written to them needs a rate.
    """
    counts = {INPUT: _input_counts(price, usage, rating.rates), OUTPUT: _output_counts(price, usage, rating.rates)}
    for kind, parts in counts.items():
        for unit, count in parts.items():
            if not count and unit != INPUT:
                continue
            rate = getattr(rating.rates, unit)
            if rate is None:
                raise UnpricedUsage(price.model, _unknown(unit, count))
            if count:
                yield Line(kind, unit, count, rate, rating.path(unit))


def _input_counts(price: Price, usage: Usage, rates: Rates) -> dict[str, int]:
    cached_audio = _cached_part(price, usage, rates, "audio")
    cached_image = _cached_part(price, usage, rates, "image")
    parts = {
        "cached_input": usage.cached_input_tokens - cached_audio - cached_image,
        "cached_audio": cached_audio,
        "cached_image": cached_image,
        "cache_write": usage.cache_write_tokens,
        "cache_write_1h": usage.cache_write_1h_tokens,
        "input_audio": usage.input_audio_tokens - cached_audio,
        "input_image": (usage.input_image_tokens - cached_image) if rates.input_image is not None else 0,
        "input_video": usage.input_video_tokens if rates.input_video is not None else 0,
    }
    rest = usage.input_tokens - sum(parts.values())
    if rest < 0:
        raise UnpricedUsage(price.model, "how many of the cached tokens are audio, images or video is not known")
    return {INPUT: rest, **parts}


def _cached_part(price: Price, usage: Usage, rates: Rates, modality: str) -> int:
    """How many of the cached tokens are audio or images, as far as they are charged apart."""
    tokens: int = getattr(usage, f"input_{modality}_tokens")
    cached: int | None = getattr(usage, f"cached_{modality}_tokens")
    apart = getattr(rates, f"input_{modality}") is not None or getattr(rates, f"cached_{modality}") is not None
    if not tokens or not usage.cached_input_tokens or not (apart or modality == "audio"):
        return 0
    if cached is None:
        name = f"cached_{modality}_tokens"
        raise UnpricedUsage(price.model, f"how many of the {tokens} {modality} tokens are cached is not known ({name})")
    return cached


def _output_counts(price: Price, usage: Usage, rates: Rates) -> dict[str, int]:
    parts = {
        "reasoning": usage.reasoning_tokens if rates.reasoning is not None else 0,
        "output_audio": usage.output_audio_tokens,
        "output_image": usage.output_image_tokens,
    }
    rest = usage.output_tokens - sum(parts.values())
    if rest < 0:
        raise UnpricedUsage(price.model, "how many of the output tokens are both reasoning and audio is not known")
    return {OUTPUT: rest, **parts}


def _unknown(unit: str, count: int) -> str:
    what = {
        INPUT: "input",
        OUTPUT: "output",
        "cached_input": "input that is read from a cache",
        "cached_audio": "audio that is read from a cache",
        "cached_image": "images that are read from a cache",
        "cache_write": "writing to a cache",
        "cache_write_1h": "writing to a cache for an hour",
        "input_audio": "audio input",
        "output_audio": "audio output",
        "output_image": "generated images",
    }.get(unit, unit)
    return f"no price for {what} is known" + (f", and there are {count} tokens" if unit != INPUT else "")


def _counted_lines(price: Price, usage: Usage, rating: Rating) -> Iterator[Line]:
    """A fee for the call, and what is counted besides tokens; a service without such a rate has the standard one."""
    for rate_name, count_name in COUNTS.items():
        count = getattr(usage, count_name)
        if not count:
            continue
        own, standard = getattr(rating.rates, rate_name), getattr(price.tariff.rates, rate_name)
        rate = own if own is not None else standard
        if rate is not None:
            path = rating.path(rate_name) if own is not None else rate_name
            yield Line(COUNTED, rate_name, count, rate, path)
        elif rate_name != "per_call":
            raise UnpricedUsage(price.model, f"no price for {count_name} is known, and there are {count}")


def _in_region(line: Line, factor: Decimal) -> Line:
    if line.kind == COUNTED:
        return line
    return Line(line.kind, line.unit, line.count, multiply(line.rate, factor), line.path)


def _tier(tiers: tuple[Tier, ...], input_tokens: int) -> Tier | None:
    reached = [tier for tier in tiers if input_tokens > tier.above_tokens]
    return reached[-1] if reached else None


def _window(schedule: tuple[Window, ...], at: date) -> Window | None:
    if not schedule or not isinstance(at, datetime):
        return None
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    return next((window for window in reversed(schedule) if _covers(window, at)), None)


def _covers(window: Window, at: datetime) -> bool:
    """Whether an instant lies in a window that began on one of its days, and on no holiday."""
    local = at.astimezone(timezone(timedelta(minutes=window.utc_offset_minutes)))
    moment, began_on = local.time(), local.date()
    if window.ends <= window.starts:
        inside = moment >= window.starts or moment < window.ends
        if moment < window.starts:
            began_on -= timedelta(days=1)
    else:
        inside = window.starts <= moment < window.ends
    on_day = not window.weekdays or began_on.isoweekday() in window.weekdays
    return inside and on_day and not (window.holidays and is_holiday(window.holidays, began_on))
