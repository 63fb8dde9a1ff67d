"""A file of prices that a person has set, each cited. All its faults are found together.

[[override]]    a price that wins over the sources while they say what it `replaces`
[[correction]]  what a model cost from an earlier day on, where the book has it wrong
[[allow]]       a change that a guard held, and that is right
[[markup]]      what an account pays besides the price, in percent
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from pricing_data.book.override_faults import HOURS, faults_of
from pricing_data.book.row_reading import hours_of
from pricing_data.cost import multiply
from pricing_data.dates import begin_of, instant_of
from pricing_data.errors import BadPricesFile
from pricing_data.price import MIDNIGHT, RATE_FIELDS, SERVICES, PriceSource, Rates, Service, Tariff, Tier, Window

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Markup:
    """A share of the price in percent, for an account, from `begins` until before `ends` (None: without an end)."""

    account: str
    percent: Decimal
    begins: datetime
    ends: datetime | None = None

    def holds(self, at: date) -> bool:
        """Return whether it is in force at an aware instant, or on a day (UTC) at its noon."""
        instant = instant_of(at)
        return self.begins <= instant and (self.ends is None or instant < self.ends)

    def amount(self, usd: Decimal) -> Decimal:
        """Return what it adds to an amount in USD, exactly."""
        return multiply(multiply(usd, self.percent), HUNDREDTH)


def markup_of(markups: Iterable[Markup], account: str | None, at: date) -> Markup | None:
    """Return the mark-up of an account at an instant or on a day, None if it has none."""
    return next((markup for markup in markups if markup.account == account and markup.holds(at)), None)


@dataclass(frozen=True, slots=True)
class Override:
    """A cited price that wins over the sources, while they say what it `replaces` (None: no price).

    It holds from `effective_from` at `effective_at` (UTC) until before `expires`.
    """

    model: str
    effective_from: date
    rates: Rates
    replaces: Decimal | None
    expires: date | None
    source: PriceSource
    reason: str
    effective_at: time = MIDNIGHT
    tiers: tuple[Tier, ...] = ()
    services: tuple[Service, ...] = ()
    schedule: tuple[Window, ...] = ()
    regions: tuple[tuple[str, Decimal], ...] = ()

    @property
    def tariff(self) -> Tariff:
        """Return all that it states, as a row of a book has it."""
        return Tariff(self.rates, self.tiers, self.services, self.schedule, self.regions)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a model cost from a day on, where the book says otherwise."""

    model: str
    effective_from: date
    rates: Rates
    source: PriceSource
    reason: str


@dataclass(frozen=True, slots=True)
class PricesFile:
    """All entries of a file of cited prices. `allowed` are input prices that no guard holds."""

    overrides: tuple[Override, ...] = ()
    corrections: tuple[Correction, ...] = ()
    allowed: frozenset[tuple[str, Decimal]] = frozenset()
    markups: tuple[Markup, ...] = ()

    def joined(self, other: "PricesFile") -> "PricesFile":
        """Return the entries of both; the other's overrides win."""
        named = {override.model for override in other.overrides}
        kept = tuple(override for override in self.overrides if override.model not in named)
        return PricesFile(
            (*kept, *other.overrides),
            (*self.corrections, *other.corrections),
            self.allowed | other.allowed,
            (*self.markups, *other.markups),
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Return every model that is named."""
        return tuple(sorted({*(override.model for override in self.overrides), *self.renewed_models}))

    @property
    def renewed_models(self) -> tuple[str, ...]:
        """Return every model that a refresh has to know: those of corrections and allowed prices."""
        return tuple(sorted({*(entry.model for entry in self.corrections), *(model for model, _ in self.allowed)}))


def read_prices_file(path: Path, *, free: bool = False) -> PricesFile:
    """Return the entries of a file. Raise BadPricesFile with every fault.

    With `free`, an override may have a price of 0. Prices that are written into a book are never zero.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadPricesFile(path, (f"it cannot be read: {fault.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadPricesFile(path, (f"it is not TOML: {fault}",)) from None
    if faults := tuple(faults_of(raw, free=free)):
        raise BadPricesFile(path, faults)
    overrides = tuple(_override(path, entry) for entry in raw.get("override", ()))
    overrides = tuple(sorted(overrides, key=lambda override: (override.model, _begins(override))))
    markups = tuple(_markup(entry) for entry in raw.get("markup", ()))
    markups = tuple(sorted(markups, key=lambda markup: (markup.account, markup.begins)))
    if overlaps := (*_overlaps(overrides), *_markup_overlaps(markups)):
        raise BadPricesFile(path, overlaps)
    return PricesFile(
        overrides,
        tuple(_correction(path, entry) for entry in raw.get("correction", ())),
        frozenset((entry["model"], Decimal(entry["input"])) for entry in raw.get("allow", ())),
        markups,
    )


def _begins(override: Override) -> datetime:
    return begin_of(override.effective_from).replace(
        hour=override.effective_at.hour,
        minute=override.effective_at.minute,
        second=override.effective_at.second,
    )


def _overlaps(overrides: Sequence[Override]) -> Iterator[str]:
    for one, other in pairwise(overrides):
        if one.model == other.model and (one.expires is None or begin_of(one.expires) > _begins(other)):
            yield f"{one.model}: overridden twice from {other.effective_from} on; let the older one expire by then"


def _markup_overlaps(markups: Sequence[Markup]) -> Iterator[str]:
    for one, other in pairwise(markups):
        if one.account == other.account and (one.ends is None or one.ends > other.begins):
            yield f"markup of {one.account}: given twice; let the older one expire before the newer one begins"


def _markup(entry: Mapping[str, Any]) -> Markup:
    since, expires = entry.get("effective_from"), entry.get("expires")
    return Markup(
        entry["account"],
        Decimal(entry["percent"]),
        begin_of(since if since is not None else date.min),
        begin_of(expires) if expires is not None else None,
    )


def _rates(entry: Mapping[str, Any]) -> Rates:
    return Rates(**{name: Decimal(entry[name]) if name in entry else None for name in RATE_FIELDS})


def _tiers(entry: Mapping[str, Any]) -> tuple[Tier, ...]:
    return tuple(Tier(tier["above_tokens"], _rates(tier)) for tier in entry.get("tiers", ()))


def _window(entry: Mapping[str, Any]) -> Window:
    hours = {name: value for name, value in entry.items() if name in HOURS}
    return hours_of(hours, "", _rates(entry))


def _source(path: Path, entry: Mapping[str, Any]) -> PriceSource:
    canonical = json.dumps(entry, sort_keys=True, default=str).encode()
    return PriceSource(path.name, "1", hashlib.sha256(canonical).hexdigest(), "override", entry["model"], entry["url"])


def _override(path: Path, entry: Mapping[str, Any]) -> Override:
    begins = begin_of(entry["effective_from"])
    return Override(
        model=entry["model"],
        effective_from=begins.date(),
        effective_at=begins.time(),
        rates=_rates(entry),
        tiers=_tiers(entry),
        services=tuple(Service(name, _rates(entry[name]), _tiers(entry[name])) for name in SERVICES if name in entry),
        schedule=tuple(map(_window, entry.get("schedule", ()))),
        regions=tuple((region, Decimal(factor)) for region, factor in entry.get("regions", {}).items()),
        replaces=Decimal(entry["replaces"]) if "replaces" in entry else None,
        expires=entry.get("expires"),
        source=_source(path, entry),
        reason=entry["reason"],
    )


def _correction(path: Path, entry: Mapping[str, Any]) -> Correction:
    return Correction(entry["model"], entry["effective_from"], _rates(entry), _source(path, entry), entry["reason"])
