"""Reads genai-prices: `data.py` of its wheel, a list of constructor calls, in USD per Mtok.

A price there is one tariff, or a list in which the last entry whose condition holds wins: no
condition, from a date on, or at some hours of the day. An offer's tariff is what holds for most
of the day; the other hours become its schedule. Service tiers other than batch are left out.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from pricing_data.errors import BadSource
from pricing_data.offers import Amounts, Offer, Reading
from pricing_data.price import Rates, Service, Source, Tariff, Tier, Window
from pricing_data.sources.package_file import Pin, read_member
from pricing_data.sources.python_literal import Call, assigned

MEMBER = "genai_prices/data.py"
FIELDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}
HALF_A_DAY_SECONDS = 43_200


def read(folder: Path, pin: Pin) -> Reading:
    """All offers, keyed "provider/id". Raises BadSource."""
    text = read_member(folder, pin, MEMBER).decode("utf-8")
    amounts = Amounts(pin.package)
    offers: dict[str, tuple[Offer, ...]] = {}
    try:
        for provider, model in models(text):
            key = f"{provider.get('id')}/{model.get('id')}"
            offers.setdefault(key, _offers(amounts, key, _source(pin, provider, model), model))
    except (ValueError, TypeError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault}") from fault
    return Reading(pin.package, {key: found for key, found in offers.items() if found}, tuple(amounts.faults))


def models(text: str) -> Iterator[tuple[Call, Call]]:
    """Every model of `data.py` with its provider, in order."""
    for provider in _calls(assigned(text, "providers")):
        for model in _calls(provider.get("models")):
            yield provider, model


def _calls(value: object) -> list[Call]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Call) for item in value):
        raise ValueError(f"a list of calls was expected, not {value!r:.80}")
    return value


def _source(pin: Pin, provider: Call, model: Call) -> Source:
    urls = provider.get("pricing_urls")
    url = str(urls[0]) if isinstance(urls, list) and urls else None
    return Source(pin.package, pin.version, pin.sha256, str(provider.get("id")), str(model.get("id")), url)


def _offers(amounts: Amounts, key: str, source: Source, model: Call) -> tuple[Offer, ...]:
    """The offers of one model that name an input price, oldest first.

    Hours hold over the entries before them in the list: the last entry whose condition holds wins.
    """
    dated: list[tuple[date | None, Tariff, Call]] = []
    for since, hours, prices in _entries(model.get("prices")):
        tariff = _tariff(amounts, key, prices)
        if hours is None:
            dated.append((since, tariff, prices))
        else:
            window = Window(*hours, tariff.rates)
            dated = [(day, replace(old, schedule=(*old.schedule, window)), call) for day, old, call in dated]
    dated.sort(key=lambda entry: entry[0] or date.min)
    ends = [*(since for since, _, _ in dated[1:]), None]
    return tuple(
        Offer(source, _midnight(since), "upstream_dated" if since else "first_observed", _most_of_the_day(whole))
        for (since, tariff, prices), end in zip(dated, ends, strict=True)
        if (whole := _with_batch(amounts, key, model, tariff, prices, end)).rates.input is not None
    )


def _entries(prices: object) -> Iterator[tuple[date | None, tuple[time, time] | None, Call]]:
    """Each price with its first day or its hours."""
    for entry in [prices] if isinstance(prices, Call) else _calls(prices):
        if entry.name == "ModelPrice":
            yield None, None, entry
            continue
        inner, condition = entry.get("prices"), entry.get("constraint")
        if not isinstance(inner, Call):
            raise ValueError(f"a ConditionalPrice without prices: {entry!r:.80}")
        if condition is None:
            yield None, None, inner
            continue
        match condition:
            case Call("StartDateConstraint", {"start_date": date() as since}):
                yield since, None, inner
            case Call("TimeOfDateConstraint", {"start_time": time() as starts, "end_time": time() as ends}):
                yield None, (starts, ends), inner
            case _:
                raise ValueError(f"unknown condition: {condition!r:.80}")


def _tariff(amounts: Amounts, key: str, prices: Call) -> Tariff:
    rates = Rates(**{ours: amounts.per_mtok(key, ours, _base(prices.get(f))) for ours, f in FIELDS.items()})
    starts = sorted({start for field in FIELDS.values() for start in _tiers(prices.get(field))})
    tiers: list[Tier] = []
    for start in starts:
        before = tiers[-1].rates if tiers else rates
        changed = {
            ours: amounts.per_mtok(key, f"{ours} above {start}", _tiers(prices.get(field))[start])
            for ours, field in FIELDS.items()
            if start in _tiers(prices.get(field))
        }
        tiers.append(Tier(start, replace(before, **changed)))
    per_call = amounts.per_thousand_calls(key, "per_call", _base(prices.get("requests_kcount")))
    return Tariff(replace(rates, per_call=per_call), tuple(tiers))


def _base(price: object) -> object:
    return price.get("base") if isinstance(price, Call) else price


def _tiers(price: object) -> dict[int, object]:
    if not isinstance(price, Call):
        return {}
    found = {tier.get("start"): tier.get("price") for tier in _calls(price.get("tiers"))}
    return {start: value for start, value in found.items() if isinstance(start, int)}


def _with_batch(amounts: Amounts, key: str, model: Call, tariff: Tariff, prices: Call, end: date | None) -> Tariff:
    """The tariff with its batch rates: what a batch does not name costs what it costs otherwise.

    The first variant in the list that begins before the tariff's own end wins. Its date is the day on
    which the source learned of it, so it stands for the whole time of the tariff.
    """
    for variant in _calls(model.get("price_variants")):
        named = variant.get("prices")
        if variant.get("when") == {"processing": "batch"} and isinstance(named, Call) and _begins(variant, end):
            given = {field: value for field, value in named.fields.items() if value is not None}
            batch = _tariff(amounts, f"{key} (batch)", Call(prices.name, {**prices.fields, **given}))
            service = Service("batch", batch.rates, batch.tiers)
            return replace(tariff, services=(service,)) if batch.rates.input else tariff
    return tariff


def _begins(variant: Call, end: date | None) -> bool:
    match variant.get("constraint"):
        case None:
            return True
        case Call("StartDateConstraint", {"start_date": date() as since}):
            return end is None or since < end
    return False


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def _most_of_the_day(tariff: Tariff) -> Tariff:
    """The same tariff, told from the rates that hold for more than twelve hours a day."""
    if len(tariff.schedule) != 1 or _seconds(tariff.schedule[0]) <= HALF_A_DAY_SECONDS:
        return tariff
    window = tariff.schedule[0]
    rest = Window(window.ends, window.starts, tariff.rates)
    return replace(tariff, rates=window.rates, schedule=(rest,))


def _seconds(window: Window) -> int:
    day = date(2000, 1, 1)
    span = datetime.combine(day, window.ends) - datetime.combine(day, window.starts)
    return span.seconds
