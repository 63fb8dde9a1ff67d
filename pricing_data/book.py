"""The price book: every price that was ever in effect, by model and date. Read once, then constant."""

import hashlib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from pricing_data.errors import DamagedBook
from pricing_data.price import Price
from pricing_data.row import BadField, parse

PACKAGED = Path(__file__).with_name("prices.jsonl")


class PriceBook:
    """Prices by model, each with the date from which it holds. Safe to share between threads."""

    def __init__(self, rows: Sequence[Price], version: str) -> None:
        by_model: dict[str, list[Price]] = {}
        for row in rows:
            by_model.setdefault(row.model, []).append(row)
        self.version = version
        self.rows = tuple(rows)
        self.histories: Mapping[str, tuple[Price, ...]] = MappingProxyType(
            {model: tuple(prices) for model, prices in by_model.items()}
        )

    @classmethod
    def from_package(cls) -> "PriceBook":
        """The book that ships with this package. Raises DamagedBook."""
        return cls.from_file(PACKAGED)

    @classmethod
    def from_file(cls, path: Path) -> "PriceBook":
        """The book in a file of JSON lines, every line checked. Raises DamagedBook."""
        raw = path.read_bytes()
        rows = _rows(path, raw)
        newest = max((row.recorded_at for row in rows), default=None)
        digest = hashlib.sha256(raw).hexdigest()[:12]
        return cls(rows, f"{newest.isoformat() if newest else 'empty'}+{digest}")

    def price(self, model: str, at: date) -> Price | None:
        """The price in effect on a day (UTC). None for an unknown model, and before the first price."""
        history = self.histories.get(model, ())
        place = bisect_right(history, at, key=_effective_from)
        return history[place - 1] if place else None

    def history(self, model: str) -> tuple[Price, ...]:
        """Every price of a model, oldest first; empty for an unknown model."""
        return self.histories.get(model, ())


def _effective_from(price: Price) -> date:
    return price.effective_from


def _rows(path: Path, raw: bytes) -> list[Price]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise DamagedBook(path, raw[: fault.start].count(b"\n") + 1, None, "not UTF-8") from fault
    lines = text.split("\n")
    if lines.pop():
        raise DamagedBook(path, len(lines) + 1, None, "the last line is cut off: it has no newline")
    rows: list[Price] = []
    newest: dict[str, date] = {}
    for number, line in enumerate(lines, start=1):
        try:
            row = parse(line)
            _check_order(row, rows[-1] if rows else None, newest.get(row.model))
        except BadField as fault:
            raise DamagedBook(path, number, fault.field, fault.reason) from fault
        newest[row.model] = row.effective_from
        rows.append(row)
    return rows


def _check_order(row: Price, before: Price | None, newest: date | None) -> None:
    """Rows are appended: by day of recording, then model, then date; a model's dates only rise."""
    if newest == row.effective_from:
        raise BadField("effective_from", f"{row.model} already has a price from {newest}")
    if newest is not None and row.effective_from < newest:
        raise BadField("effective_from", f"{row.model} already has a newer price, from {newest}")
    if before is None:
        return
    if row.recorded_at < before.recorded_at:
        raise BadField("recorded_at", f"older than the line before, {before.recorded_at}")
    if row.recorded_at == before.recorded_at and row.model < before.model:
        raise BadField("model", f"out of order: after {before.model}")
