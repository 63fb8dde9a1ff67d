"""What the sources say, in one shape: offers, and the amounts that were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from pricing_data.book.row_fields import MAX_FACTOR, MAX_USD_PER_CALL, MAX_USD_PER_TOKEN, amount_fault
from pricing_data.price import COUNTED_FIELDS, RATE_FIELDS, PriceSource, Rates, Service, Tariff

# The price fields of one entry of a source, in the source's own names.
EntryFields = Mapping[str, Any]
# A tariff, and the instant from which an entry states it; None: the entry gives no date.
DatedTariff = tuple[datetime | None, Tariff]


SLIPS = (Decimal(100), Decimal(1_000), Decimal(1_000_000))
SLIP_TOLERANCE = Decimal("0.05")
TOKENS_PER_MTOK = 1_000_000
# Wide enough that a quotient of at most 12 decimals is never a rounded one.
_DIVISION = Context(prec=60)


@dataclass(frozen=True, slots=True)
class Offer:
    """All that one source states of one model's price from one instant on.

    `since` is an aware UTC instant, or None: the source gives no date, so it states it of its past as well. `tariff` is
    the complete state from then on, never only what changed; what it lacks is not known. `basis` is of
    `pricing_data.price.BASES`. For an observation, `not_before` is the last day on which a release of the source
    stated something else.
    """

    source: PriceSource
    since: datetime | None
    basis: str
    tariff: Tariff
    not_before: date | None = None

    @property
    def day(self) -> date | None:
        """Return the day (UTC) on which it begins to be stated."""
        return self.since.date() if self.since else None


@dataclass(frozen=True, slots=True)
class RefusedAmount:
    """An amount in a source that cannot be a price, or a price that a tariff cannot hold; it was left out.

    `field` is the path of the rate, or the source's own name where there is no such rate.
    """

    source: str
    key: str
    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """A whole source file: by key, the offers in order of time (an undated one first)."""

    package: str
    offers: Mapping[str, tuple[Offer, ...]]
    faults: tuple[RefusedAmount, ...]


class AmountReader:
    """Turns the amounts of a source into USD per token or per counted thing, and keeps a list of those it refused."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.faults: list[RefusedAmount] = []
        self._noted: set[RefusedAmount] = set()

    def per_mtok(self, key: str, field: str, value: object) -> Decimal | None:
        """Return an amount in USD per million tokens as USD per token; None if it is absent or cannot be a price."""
        return self.rate(key, field, value, TOKENS_PER_MTOK)

    def per_token(self, key: str, field: str, value: object) -> Decimal | None:
        """Return an amount in USD per token; None if it is absent or cannot be a price."""
        return self.rate(key, field, value)

    def rate(self, key: str, path: str, value: object, per: int = 1) -> Decimal | None:
        """Return a rate, given in USD for `per` tokens or counted things; None if it is absent or cannot be a price.

        `path` is where the rate belongs in a tariff, as `pricing_data.price.path_of` writes it.
        """
        number = self.number(key, path, value)
        if number is None:
            return None
        largest = MAX_USD_PER_CALL if _rate_name(path) in COUNTED_FIELDS else MAX_USD_PER_TOKEN
        return self._checked(key, path, _DIVISION.divide(number, Decimal(per)), largest)

    def factor(self, key: str, field: str, value: object) -> Decimal | None:
        """Return a factor on rates; None if it is absent or cannot be one."""
        number = self.number(key, field, value)
        return None if number is None else self._checked(key, field, number, MAX_FACTOR)

    def number(self, key: str, field: str, value: object) -> Decimal | None:
        """Return a value as an exact number; None if it is absent or not a number."""
        if value is None:
            return None
        if isinstance(value, Decimal):
            return value
        if isinstance(value, int | str) and not isinstance(value, bool):
            try:
                return Decimal(value)
            except InvalidOperation:
                pass
        self.refuse(key, field, value, "not an exact number")
        return None

    def refuse(self, key: str, field: str, value: object, reason: str) -> None:
        """Note a value that is left out, once."""
        fault = RefusedAmount(self.package, key, field, str(value), reason)
        if fault not in self._noted:
            self._noted.add(fault)
            self.faults.append(fault)

    def _checked(self, key: str, field: str, number: Decimal, largest: Decimal) -> Decimal | None:
        if fault := amount_fault(number, largest):
            self.refuse(key, field, +number, fault)
            return None
        return number.normalize()


def _rate_name(path: str) -> str:
    return path.partition(">")[0].rpartition(".")[2]


def slipped(one: Decimal, other: Decimal) -> bool:
    """Return whether one amount is the other in another unit, nearly."""
    ratio = max(one, other) / min(one, other)
    return any(abs(ratio / slip - 1) <= SLIP_TOLERANCE for slip in SLIPS)


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
