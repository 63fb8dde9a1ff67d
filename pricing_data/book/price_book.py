"""The price book: every price that was ever in effect, by model and date. Read once, then constant."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType

from pricing_data.book import file as book_file
from pricing_data.book.lines import BookLines, Histories, RowKey, SourceVersion
from pricing_data.book.override_validity import OverrideValidity, override_validities
from pricing_data.book.overrides import Markup, Override, markup_of
from pricing_data.call_cost import CallCost, call_cost
from pricing_data.data import DATA
from pricing_data.dates import instant_of, utc_day
from pricing_data.errors import DamagedBook, UnpricedUsage
from pricing_data.price import Price
from pricing_data.usage import Terms, Usage

__all__ = ["PACKAGED", "PriceBook", "histories_of", "instant_of", "utc_day"]

PACKAGED = DATA / "prices.jsonl"


class PriceBook:
    """Prices by model, each with the date from which it holds. Safe to share between threads.

    `rows` are all rows ever recorded; `histories` those that hold, by date: a correction stands in for
    the row that it corrects. `overrides` are an operator's own prices over them, by model. Rows are read from their
    lines at first use: what asks for one may raise DamagedBook.
    """

    def __init__(self, contents: BookLines, overrides: Sequence[Override] = (), markups: Sequence[Markup] = ()) -> None:
        self.contents = contents
        self.refreshed_at = contents.refreshed_at
        self.source_versions: tuple[SourceVersion, ...] = contents.source_versions
        self.histories = Histories(contents)
        self.overrides: Mapping[str, tuple[OverrideValidity, ...]] = MappingProxyType(
            override_validities(self.histories, overrides)
        )
        self.markups = tuple(markups)
        self.version = _version(contents, overrides, markups)

    @classmethod
    def from_package(cls) -> "PriceBook":
        """Return the book that ships with this package. Raise DamagedBook."""
        return cls.from_file(PACKAGED)

    @classmethod
    def from_file(cls, path: Path) -> "PriceBook":
        """Return the book in a file of JSON lines. Raise DamagedBook, OSError.

        The seal and the order of every line are checked, its fields at their first use.
        """
        contents = book_file.read(path)
        newest: dict[str, str] = {}
        before = ""
        for number, key in enumerate(contents.keys, start=1):
            if fault := _order_fault(key, before, newest.get(key.model)):
                raise DamagedBook(path, number, *fault)
            newest[key.model] = max(key.begins, newest.get(key.model, ""))
            before = key.recorded_at
        return cls(contents)

    @property
    def rows(self) -> tuple[Price, ...]:
        """Return every row ever recorded, in order of recording. Raise DamagedBook."""
        return self.contents.rows

    @property
    def recorded_at(self) -> date | None:
        """Return the day on which the newest row was recorded, None for an empty book."""
        return self.contents.recorded_at

    def check_rows(self) -> None:
        """Read every row. Raise DamagedBook for one that breaks a rule though its seal is right."""
        _ = self.rows

    def read_prices(self, day: date) -> None:
        """Read the rows that hold on a day, so that asking for their prices takes no longer the first time."""
        for model in self.histories:
            self.price(model, day)

    def with_overrides(self, overrides: Sequence[Override], markups: Sequence[Markup] = ()) -> "PriceBook":
        """Return the same book under an operator's own prices, with what accounts pay besides."""
        return PriceBook(self.contents, overrides, markups)

    def markup(self, account: str | None, at: date) -> Markup | None:
        """Return what an account pays besides the price at an instant or on a day, None if it pays the price."""
        return markup_of(self.markups, account, at) if self.markups else None

    def price(self, model: str, at: date) -> Price | None:
        """Return the price in effect at an aware instant, or on a day (UTC): the one that holds at its noon.

        None for an unknown model, and before the first price. Raise ValueError for an instant without a zone.
        """
        if (standing := self.overrides.get(model)) is not None:
            for own in standing:
                if own.holds(at):
                    return own.row
        return self.histories.at(model, instant_of(at))

    def history(self, model: str) -> tuple[Price, ...]:
        """Return every price of a model that holds or held, oldest first; nothing for an unknown model."""
        return self.histories.get(model, ())

    def recorded(self, model: str) -> tuple[Price, ...]:
        """Return every row ever recorded for a model, corrected ones among them, in order of recording."""
        return tuple(map(self.contents.row, self.contents.places.get(model, ())))

    def age_days(self, today: date) -> int:
        """Return the number of days since the sources were last read, 0 or more."""
        return max(0, (today - self.refreshed_at).days)

    def call_cost(self, model: str, usage: Usage, terms: Terms) -> CallCost:
        """Return the exact cost of one call, in USD. Raise UnpricedUsage."""
        price = self.price(model, terms.at)
        if price is None:
            raise UnpricedUsage(model, self.why_unpriced(model, utc_day(terms.at)))
        return call_cost(price, usage, terms)

    def why_unpriced(self, model: str, day: date) -> str:
        """Return why there is no price on a day."""
        first = self.history(model)
        known = f"; its first price is from {first[0].effective_from}" if first else ""
        return f"no price is known on {day}{known}"


def histories_of(rows: Iterable[Price]) -> dict[str, tuple[Price, ...]]:
    """Return the rows that hold, by model and instant. Of several from one instant, the last one recorded holds."""
    by_model: dict[str, dict[datetime, Price]] = {}
    for row in rows:
        by_model.setdefault(row.model, {})[row.begins] = row
    return {model: tuple(sorted(instants.values(), key=attrgetter("begins"))) for model, instants in by_model.items()}


def _version(contents: BookLines, overrides: Sequence[Override], markups: Sequence[Markup]) -> str:
    version = f"{contents.recorded_at or 'empty'}+{contents.check or 'empty'}"
    return f"{version}.{_digest(overrides, markups)}" if overrides or markups else version


def _digest(overrides: Sequence[Override], markups: Sequence[Markup]) -> str:
    facts = (*(override.source.sha256 for override in overrides), *map(repr, markups))
    return hashlib.sha256("".join(facts).encode()).hexdigest()[:8]


def _order_fault(key: RowKey, before: str, newest: str | None) -> tuple[str, str] | None:
    """Rows are appended: days of recording never fall; a model's instants rise, except in a correction."""
    if key.recorded_at < before:
        return "recorded_at", f"older than the line before, {before}"
    if not key.corrects and newest is not None and key.begins <= newest:
        again = "a price" if newest == key.begins else "a newer price,"
        since = f"{newest}Z" if "T" in newest else newest
        return "effective_from", f"{key.model} already has {again} from {since}; only a correction may stand in"
    return None
