"""What the price fields of one entry of genai-prices state, from which instant on.

An entry has its prices as they are, or `prices`, a list in which the last whose `constraint` holds wins: none, a
`StartDateConstraint`, or a `TimeOfDateConstraint`. `price_variants` replace single prices in another service.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pricing_data.price import SERVICES as ALL_SERVICES
from pricing_data.price import STANDARD, TOKEN_FIELDS, Rates, Service, Tariff, Tier
from pricing_data.rate_paths import path_of
from pricing_data.refresh.source_snapshot import AmountReader, DatedTariff, EntryFields
from pricing_data.refresh.sources.genai_units import OTHER_CONDITIONS, SERVICES, UNITS, is_left_out
from pricing_data.refresh.sources.hours import in_week, minute_of, scheduled, windows
from pricing_data.refresh.sources.rates import apart, known

EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServiceVariant:
    """Prices that an entry names for one service, from an instant on."""

    service: str
    since: datetime | None
    prices: EntryFields


def states(amounts: AmountReader, key: str, fields: EntryFields) -> tuple[DatedTariff, ...]:
    """Return what an entry states, oldest first: a state for each instant at which any of its rates changes.

    What is left out is noted in `amounts`. Raise ValueError, TypeError or LookupError for another form.
    """
    standard = _standard(amounts, key, fields)
    variants = list(_variants(amounts, key, fields.get("price_variants") or ()))
    if not standard:
        return ()
    if any("search_type" in variant["when"] for variant in fields.get("price_variants") or ()):
        standard = [(since, replace(old, rates=replace(old.rates, web_search=None))) for since, old in standard]
    first = _order(standard[0][0])
    later = {variant.since for variant in variants if _order(variant.since) > first}
    found: list[DatedTariff] = []
    for instant in sorted({since for since, _ in standard} | later, key=_order):
        held = [tariff for since, tariff in standard if _order(since) <= _order(instant)][-1]
        state = replace(held, services=_services(amounts, key, variants, instant))
        if not found or found[-1][1] != state:
            found.append((instant, state))
    return tuple(found)


def _standard(amounts: AmountReader, key: str, fields: EntryFields) -> list[DatedTariff]:
    """The standard tariffs, oldest first.

    Hours have no date. They belong to the newest tariff before them in the list: older ones held before the source
    had those hours, and it says in comments that it cannot express this.
    """
    found: list[tuple[datetime | None, Tariff, list[tuple[set[int], Rates]]]] = []
    for entry in fields.get("prices") or [{"prices": {n: v for n, v in fields.items() if n != "price_variants"}}]:
        condition = entry.get("constraint") or {}
        rates, tiers = _rates(amounts, key, STANDARD, entry["prices"])
        match condition.get("is"):
            case None:
                found.append((None, Tariff(rates, tiers), []))
            case "StartDateConstraint":
                found.append((_instant(condition["start_date"]), Tariff(rates, tiers), []))
            case "TimeOfDateConstraint":
                hours = in_week(minute_of(condition["start_time"]), minute_of(condition["end_time"]))
                found[-1][2].append((set(hours), rates))
            case _:
                raise ValueError(f"unknown condition: {condition!r:.80}")
    found.sort(key=lambda entry: _order(entry[0]))
    return [(since, _by_the_hour(amounts, key, tariff, hours)) for since, tariff, hours in found]


def _by_the_hour(amounts: AmountReader, key: str, tariff: Tariff, hours: list[tuple[set[int], Rates]]) -> Tariff:
    """A tariff with other rates at some hours; where hours overlap, the later ones of the list hold."""
    if hours and tariff.tiers:
        amounts.refuse(
            key, "schedule", len(hours), "hours beside tiers: the rates of long calls at these hours are unknown"
        )
        return Tariff(Rates())
    if len({rates for _, rates in hours}) == 1:
        return scheduled(tariff, set().union(*(minutes for minutes, _ in hours)), hours[0][1])
    return replace(tariff, schedule=tuple(window for minutes, rates in hours for window in windows(minutes, rates)))


def _variants(amounts: AmountReader, key: str, variants: Sequence[Any]) -> Iterator[ServiceVariant]:
    """The prices that are named for services, in order."""
    for variant in variants:
        conditions, constraint = tuple(variant["when"].items()), variant.get("constraint") or {}
        service = SERVICES.get(conditions[0]) if len(conditions) == 1 else None
        if constraint.get("is") not in (None, "StartDateConstraint"):
            raise ValueError(f"unknown condition of a variant: {constraint!r:.80}")
        if service is None:
            _refuse_variant(amounts, key, dict(conditions))
        elif service != STANDARD:
            since = _instant(constraint["start_date"]) if constraint else None
            yield ServiceVariant(service, since, variant["prices"])
        elif variant["prices"]:
            amounts.refuse(key, "price_variants", variant["prices"], "prices of its own for the standard service")


def _refuse_variant(amounts: AmountReader, key: str, conditions: dict[str, str]) -> None:
    reasons = [OTHER_CONDITIONS.get(name, "an unknown condition of a variant") for name in conditions]
    amounts.refuse(key, "price_variants", conditions, "; ".join(reasons))


def _services(
    amounts: AmountReader, key: str, variants: Sequence[ServiceVariant], instant: datetime | None
) -> tuple[Service, ...]:
    """The services at an instant: of several variants of one service the first that names a price has it.

    A service has only what is named for it. The source falls back to the standard price for the rest.
    """
    named: dict[str, dict[str, object]] = {}
    for variant in variants:
        if _order(variant.since) <= _order(instant):
            prices = named.setdefault(variant.service, {})
            prices.update({name: price for name, price in variant.prices.items() if name not in prices})
    found = ((service, *_rates(amounts, key, service, named[service])) for service in ALL_SERVICES if service in named)
    return tuple(Service(service, rates, tiers) for service, rates, tiers in found if known(rates))


def _rates(amounts: AmountReader, key: str, service: str, prices: Mapping[str, Any]) -> tuple[Rates, tuple[Tier, ...]]:
    """The rates of one service and its tiers: a price without tiers stays as it is in those of others."""
    for name in prices:
        if name not in UNITS and not is_left_out(name):
            amounts.refuse(key, path_of(name, service), prices[name], "an unknown price key")
    given = {
        ours: (prices[name], per) for name, (ours, per) in reversed(list(UNITS.items())) if prices.get(name) is not None
    }
    base = {ours: amounts.rate(key, path_of(ours, service), _base(price), per) for ours, (price, per) in given.items()}
    rates, tiers = Rates(**base), list[Tier]()
    for start in sorted({start for price, _ in given.values() for start in _tiers(price)}):
        base = base | {
            ours: amounts.rate(key, path_of(ours, service, start), _tiers(price)[start], per)
            for ours, (price, per) in given.items()
            if start in _tiers(price)
        }
        tiers.append(Tier(start, apart(Rates(**{name: base[name] for name in base if name in TOKEN_FIELDS}))))
    return apart(rates), tuple(tiers)


def _base(price: object) -> object:
    return price["base"] if isinstance(price, Mapping) else price


def _tiers(price: object) -> dict[int, object]:
    """The prices of a rate above each bound; in a rate that is given for the whole there are none."""
    return {int(tier["start"]): tier["price"] for tier in price["tiers"]} if isinstance(price, Mapping) else {}


def _instant(text: str) -> datetime:
    """A day from midnight UTC on, or a moment, which is one of UTC if it names no zone."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _order(since: datetime | None) -> datetime:
    return since or EARLIEST
