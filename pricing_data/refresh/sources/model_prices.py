"""Reads model-prices: `snapshot.json` of its wheel, dated prices in USD per Mtok, read exactly.

A model has a list of entries for each mode; each holds from its instant until the next one's. What an entry says
was `recorded` before a correction is not read. Peak and off-peak hours are schedules of a provider.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricing_data.cost import multiply
from pricing_data.errors import BadSource
from pricing_data.price import STANDARD, PriceSource, Rates, Service, Tariff, Tier
from pricing_data.rate_paths import path_of
from pricing_data.refresh.source_snapshot import TOKENS_PER_MTOK, AmountReader, Offer, SourceSnapshot
from pricing_data.refresh.sources.model_schedules import ProviderSchedule, by_the_hour, schedules_of
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.rates import unknown_above

MEMBER = "model_prices/snapshot.json"
FIELDS = {"input": "input", "output": "output", "cached_input": "cache_read", "cache_write": "cache_write"}
ONE_HOUR_MULTIPLE = "cache_write_1h_multiple"
# What an entry holds besides its prices. "model" is the entry that it was copied from.
NOT_PRICES = {"source", "valid_from", "valid_from_basis", "model", "tiers", "above"}
SERVICES = ("batch", "flex", "fast", "ultrafast")
# Modes that are no service, and why they are left out.
OTHER_MODES: Mapping[str, str] = {
    "thinking": "the price of the whole answer of a model that thinks; no term of a call says whether it does",
}
BASES = {
    "documented": "documented",
    "models.dev commit": "upstream_commit",
    "first observed": "first_observed",
}


@dataclass(frozen=True, slots=True)
class ModeEntry:
    """What one mode costs from an instant on; `tariff` is None if it is not sold."""

    since: datetime
    basis: str
    url: str
    tariff: Tariff | None


def read(folder: Path, pin: PinnedPackage) -> SourceSnapshot:
    """Return all offers, keyed "provider/id". Raise BadSource."""
    raw = read_member(folder, pin, MEMBER)
    amounts = AmountReader(pin.package)
    offers: dict[str, tuple[Offer, ...]] = {}
    try:
        snapshot = json.loads(raw, parse_float=Decimal)
        schedules = schedules_of(snapshot.get("schedules") or {})
        for provider, models in snapshot["prices"].items():
            for name, modes in models.items():
                source = PriceSource(pin.package, pin.version, pin.sha256, provider, name)
                of_provider = [schedule for schedule in schedules if schedule.provider == provider]
                offers[f"{provider}/{name}"] = _offers(amounts, source, modes, of_provider)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise BadSource(folder / pin.wheel, f"{MEMBER}: {fault!r}") from fault
    return SourceSnapshot(pin.package, {key: found for key, found in offers.items() if found}, tuple(amounts.faults))


def _offers(
    amounts: AmountReader, source: PriceSource, modes: Mapping[str, Any], schedules: list[ProviderSchedule]
) -> tuple[Offer, ...]:
    """An offer for each instant at which any rate of a model changes: in any mode, or by a schedule."""
    key = f"{source.provider}/{source.id}"
    for mode in modes:
        if mode not in (STANDARD, *SERVICES):
            amounts.refuse(key, mode, len(modes[mode]), OTHER_MODES.get(mode, "an unknown mode"))
    standard = _entries(amounts, key, STANDARD, modes.get(STANDARD) or ())
    others = {name: _entries(amounts, key, name, modes[name]) for name in SERVICES if name in modes}
    if not standard:
        return ()
    events = {
        bound: ModeEntry(bound, "documented", schedule.url, None) for schedule in schedules for bound in schedule.bounds
    }
    for entries in (*others.values(), standard):
        events.update({entry.since: entry for entry in entries})
    offers: list[Offer] = []
    for instant in sorted(moment for moment in events if moment >= standard[0].since):
        tariff = _tariff(amounts, source, instant, standard, others, schedules)
        if tariff and tariff.rates.input is not None and not (offers and offers[-1].tariff == tariff):
            event = events[instant]
            offers.append(Offer(replace(source, url=event.url or None), instant, event.basis, tariff))
    return tuple(offers)


def _tariff(
    amounts: AmountReader,
    source: PriceSource,
    instant: datetime,
    standard: list[ModeEntry],
    others: Mapping[str, list[ModeEntry]],
    schedules: list[ProviderSchedule],
) -> Tariff | None:
    """All that holds from an instant on; None if the standard mode is not sold then."""
    tariff = _at(standard, instant)
    if tariff is None:
        return None
    found = ((name, _at(entries, instant)) for name, entries in others.items())
    services = (unknown_above(Service(name, sold.rates, sold.tiers), tariff.tiers) for name, sold in found if sold)
    held = [schedule for schedule in schedules if schedule.holds(instant)]
    return by_the_hour(amounts, source, replace(tariff, services=tuple(services)), held)


def _at(entries: list[ModeEntry], instant: datetime) -> Tariff | None:
    begun = [entry for entry in entries if entry.since <= instant]
    return begun[-1].tariff if begun else None


def _entries(amounts: AmountReader, key: str, mode: str, entries: Sequence[Mapping[str, Any]]) -> list[ModeEntry]:
    """The entries of one mode, oldest first. The first one has no start: it holds from the day that it gives.

    A first price that a dated correction had ended before its own day is left out: it never held.
    """
    found: list[ModeEntry] = []
    for entry in entries:
        rates = entry["rates"]
        start = entry["start"] or (rates and rates["valid_from"])
        if start is None:
            continue  # the mode was not sold from the beginning
        tariff = _rates(amounts, key, mode, rates) if rates else None
        basis = BASES[rates["valid_from_basis"]] if rates else "upstream_commit"
        found.append(ModeEntry(_instant(start), basis, rates["source"] if rates else "", tariff))
    return [
        entry for entry, after in zip(found, [*found[1:], None], strict=True) if not after or entry.since < after.since
    ]


def _rates(amounts: AmountReader, key: str, mode: str, entry: Mapping[str, Any]) -> Tariff:
    base = _own(amounts, key, mode, 0, entry, Rates(), entry.get(ONE_HOUR_MULTIPLE))
    tiers: list[Tier] = []
    for tier in sorted(entry.get("tiers", ()), key=lambda tier: int(tier["above"])):
        below = tiers[-1].rates if tiers else base
        rates = _own(amounts, key, mode, int(tier["above"]), tier, below, entry.get(ONE_HOUR_MULTIPLE))
        tiers.append(Tier(int(tier["above"]), rates))
    return Tariff(base, tuple(tiers))


def _own(
    amounts: AmountReader, key: str, mode: str, above: int, entry: Mapping[str, Any], below: Rates, multiple: object
) -> Rates:
    """The rates that an entry or a tier names, over those below it.

    Writing to a cache for longer is a multiple of the input, which the source gives by provider: it is taken for
    models that charge for writing to a cache at all.
    """
    for name in entry:
        if name not in {*FIELDS.values(), ONE_HOUR_MULTIPLE, *NOT_PRICES}:
            amounts.refuse(key, path_of(name, mode, above), entry[name], "an unknown price field")
    given = {ours: entry[theirs] for ours, theirs in FIELDS.items() if entry.get(theirs) is not None}
    rates = replace(below, **{ours: _amount(amounts, key, path_of(ours, mode, above), given[ours]) for ours in given})
    factor = amounts.factor(key, path_of("cache_write_1h", mode, above), multiple)
    if factor is None or rates.cache_write is None or rates.input is None:
        return replace(rates, cache_write_1h=None)
    path = path_of("cache_write_1h", mode, above)
    return replace(rates, cache_write_1h=amounts.rate(key, path, multiply(rates.input, factor)))


def _amount(amounts: AmountReader, key: str, path: str, value: object) -> Decimal | None:
    """A 0 beside an input price is a token that is not sold: no output, no charge for writing a cache."""
    is_input = path.partition(">")[0].rpartition(".")[2] == "input"
    return amounts.rate(key, path, value, TOKENS_PER_MTOK) if value or is_input else None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
