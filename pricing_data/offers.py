"""What the sources say, in one shape: offers, and the amounts that were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from pricing_data.price import RATE_FIELDS, Rates, Service, Source, Tariff
from pricing_data.row import MAX_USD_PER_CALL, MAX_USD_PER_TOKEN, amount_fault

TOKENS_PER_MTOK = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that one source states of one model's price from one instant on.

    `since` is an aware UTC instant, or None: the source gives no date, so it states it of its past as well. `tariff` is
    the complete state from then on, never only what changed; what it lacks is not known. `basis` is of
    `pricing_data.price.BASES`. For an observation, `not_before` is the last day on which a release of the source
    stated something else.
    """

    source: Source
    since: datetime | None
    basis: str
    tariff: Tariff
    not_before: date | None = None

    @property
    def day(self) -> date | None:
        """Return the day (UTC) on which it begins to be stated."""
        return self.since.date() if self.since else None


@dataclass(frozen=True, slots=True)
class Fault:
    """An amount in a source that cannot be a price; it was left out."""

    source: str
    key: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole source file: by key, the offers in order of time (an undated one first)."""

    package: str
    offers: Mapping[str, tuple[Offer, ...]]
    faults: tuple[Fault, ...]


class Amounts:
    """Turns a source's amounts into USD per token and keeps a list of those it refused."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.faults: list[Fault] = []

    def per_mtok(self, key: str, field: str, value: object) -> Decimal | None:
        """An amount in USD per million tokens; None if it is absent or cannot be a price."""
        number = self._number(key, field, value)
        return self.per_token(key, field, None if number is None else number / TOKENS_PER_MTOK)

    def per_token(self, key: str, field: str, value: object) -> Decimal | None:
        """An amount in USD per token; None if it is absent or cannot be a price."""
        return self._checked(key, field, self._number(key, field, value), MAX_USD_PER_TOKEN)

    def per_thousand_calls(self, key: str, field: str, value: object) -> Decimal | None:
        """An amount in USD per thousand calls, as USD per call; None if it is absent or cannot be a price."""
        number = self._number(key, field, value)
        return self._checked(key, field, None if number is None else number / 1000, MAX_USD_PER_CALL)

    def _checked(self, key: str, field: str, number: Decimal | None, largest: Decimal) -> Decimal | None:
        if number is None:
            return None
        if fault := amount_fault(number, largest):
            self._refuse(key, field, number, fault)
            return None
        return number.normalize()

    def _number(self, key: str, field: str, value: object) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, Decimal):
            return value
        if isinstance(value, int | str) and not isinstance(value, bool):
            try:
                return Decimal(value)
            except InvalidOperation:
                pass
        self._refuse(key, field, value, "not an exact number")
        return None

    def _refuse(self, key: str, field: str, value: object, reason: str) -> None:
        fault = Fault(self.package, key, field, str(value), reason)
        if fault not in self.faults:
            self.faults.append(fault)


def same_price(one: Rates, other: Rates) -> bool:
    """Return whether two sources ask the same for input and output, as far as both of them state it."""
    pairs = ((one.input, other.input), (one.output, other.output))
    return all(a == b for a, b in pairs if a is not None and b is not None)


def contradicts(old: Tariff, new: Tariff) -> bool:
    """Return whether a source's newer tariff states another price than its older one.

    A rate that only one of them states is no contradiction. Tiers are compared as a whole, services and factors of
    regions one by one.
    """
    if _other_rates(old.rates, new.rates) or (old.tiers and old.tiers != new.tiers):
        return True
    if old.schedule and old.schedule != new.schedule:
        return True
    pairs = ((service, new.service(service.name)) for service in old.services)
    if any(after and _other_service(before, after) for before, after in pairs):
        return True
    regions = dict(new.regions)
    return any(regions.get(region, factor) != factor for region, factor in old.regions)


def changed(old: Tariff, old_package: str, new: Tariff, new_package: str) -> bool:
    """Return whether a tariff is another price than the one before. Between two sources only input and output are
    compared: they differ too often in what they know of caches and tiers."""
    return contradicts(old, new) if old_package == new_package else not same_price(old.rates, new.rates)


def _other_service(old: Service, new: Service) -> bool:
    return _other_rates(old.rates, new.rates) or old.tiers != new.tiers


def _other_rates(old: Rates, new: Rates) -> bool:
    pairs = ((getattr(old, name), getattr(new, name)) for name in RATE_FIELDS)
    return any(a != b for a, b in pairs if a is not None and b is not None)
