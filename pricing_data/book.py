"""The price book: every price that was ever in effect, by model and date. Read once, then constant."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from pricing_data import book_file
from pricing_data.book_file import Contents, Snapshot
from pricing_data.call import CallCost, Usage, call_cost
from pricing_data.errors import DamagedBook, UnpricedUsage
from pricing_data.overrides import Override
from pricing_data.price import Price
from pricing_data.standing import Standing, stand

PACKAGED = Path(__file__).with_name("prices.jsonl")


class PriceBook:
    """Prices by model, each with the date from which it holds. Safe to share between threads.

    `rows` are all rows ever recorded; `histories` those that hold, by date: a correction stands in for
    the row that it corrects. `standing` are an operator's own prices over them, by model.
    """

    def __init__(self, contents: Contents, overrides: Sequence[Override] = ()) -> None:
        self.contents = contents
        self.rows = contents.rows
        self.refreshed_at = contents.refreshed_at
        self.snapshots: tuple[Snapshot, ...] = contents.snapshots
        self.histories: Mapping[str, tuple[Price, ...]] = MappingProxyType(histories_of(contents.rows))
        self.standing: Mapping[str, tuple[Standing, ...]] = MappingProxyType(stand(self.histories, overrides))
        self.version = _version(contents, overrides)

    @classmethod
    def from_package(cls) -> "PriceBook":
        """The book that ships with this package. Raises DamagedBook."""
        return cls.from_file(PACKAGED)

    @classmethod
    def from_file(cls, path: Path) -> "PriceBook":
        """The book in a file of JSON lines, every line checked. Raises DamagedBook, OSError."""
        contents = book_file.read(path)
        newest: dict[str, date] = {}
        before: date | None = None
        for number, row in enumerate(contents.rows, start=1):
            if fault := _order_fault(row, before, newest.get(row.model)):
                raise DamagedBook(path, number, *fault)
            newest[row.model] = max(row.effective_from, newest.get(row.model, row.effective_from))
            before = row.recorded_at
        return cls(contents)

    def with_overrides(self, overrides: Sequence[Override]) -> "PriceBook":
        """The same book, under an operator's own prices."""
        return PriceBook(self.contents, overrides)

    def price(self, model: str, at: date) -> Price | None:
        """The price in effect on a day (UTC). None for an unknown model, and before the first price."""
        for standing in self.standing.get(model, ()):
            if standing.holds(at):
                return standing.row
        history = self.histories.get(model, ())
        place = bisect_right(history, at, key=_effective_from)
        return history[place - 1] if place else None

    def history(self, model: str) -> tuple[Price, ...]:
        """Every price of a model that holds or held, oldest first; empty for an unknown model."""
        return self.histories.get(model, ())

    def recorded(self, model: str) -> tuple[Price, ...]:
        """Every row ever recorded for a model, with those that were corrected, in order of recording."""
        return tuple(row for row in self.rows if row.model == model)

    def age_days(self, today: date) -> int:
        """Days since the sources were last read; never below zero."""
        return max(0, (today - self.refreshed_at).days)

    def call_cost(
        self,
        model: str,
        input_tokens: int,
        output_tokens: int = 0,
        *,
        cached_input_tokens: int = 0,
        cache_write_tokens: int = 0,
        batch: bool = False,
        at: date,
    ) -> CallCost:
        """The exact cost of one call, in USD. Tokens from and into a cache are among the input tokens.

        `at` is an aware instant, or a date: then the rates of most of the day hold. Raises UnpricedUsage.
        """
        usage = Usage(input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, batch)
        day = utc_day(at)
        price = self.price(model, day)
        if price is None:
            known = f"its first price is from {first[0].effective_from}" if (first := self.history(model)) else None
            raise UnpricedUsage(model, f"no price is known on {day}" + (f"; {known}" if known else ""))
        return call_cost(price, usage, at)


def histories_of(rows: Iterable[Price]) -> dict[str, tuple[Price, ...]]:
    """The rows that hold, by model and date. Of several from one day, the last one recorded holds."""
    by_model: dict[str, dict[date, Price]] = {}
    for row in rows:
        by_model.setdefault(row.model, {})[row.effective_from] = row
    return {model: tuple(sorted(days.values(), key=_effective_from)) for model, days in by_model.items()}


def utc_day(at: date) -> date:
    """The day (UTC) of a date or an aware instant. Raises ValueError for an instant without a zone."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ValueError(f"an instant needs a time zone: {at}")
    return at.astimezone(UTC).date()


def _effective_from(price: Price) -> date:
    return price.effective_from


def _version(contents: Contents, overrides: Sequence[Override]) -> str:
    newest = max((row.recorded_at for row in contents.rows), default=None)
    version = f"{newest.isoformat() if newest else 'empty'}+{contents.check or 'empty'}"
    return f"{version}.{_digest(overrides)}" if overrides else version


def _digest(overrides: Sequence[Override]) -> str:
    return hashlib.sha256("".join(override.source.sha256 for override in overrides).encode()).hexdigest()[:8]


def _order_fault(row: Price, before: date | None, newest: date | None) -> tuple[str, str] | None:
    """Rows are appended: days of recording never fall; a model's dates rise, except in a correction."""
    if before is not None and row.recorded_at < before:
        return "recorded_at", f"older than the line before, {before}"
    if row.corrects is None and newest is not None and row.effective_from <= newest:
        again = "a price" if newest == row.effective_from else "a newer price,"
        return "effective_from", f"{row.model} already has {again} from {newest}; only a correction may stand in"
    return None
