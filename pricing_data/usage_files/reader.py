"""Rows of an export to counts, terms and charges. A cell is used, has no effect, or makes its row unpriced."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from pricing_data.price import STANDARD
from pricing_data.usage import MAX_TOKENS, Terms, Usage
from pricing_data.usage_files import values
from pricing_data.usage_files.columns import (
    MAY_NOT_DIFFER,
    DuplicateColumn,
    ReadingOptions,
    duplicates_of,
    places_of,
    unknown_columns,
    without_effect_of,
)
from pricing_data.usage_files.fast_rows import COUNTS, PLAIN, TERM_CELLS, FastRowReader, RowTerms
from pricing_data.usage_files.layout import MEANINGS, SUMS, THINGS, CellValues, ExportLayout, may_change_a_price
from pricing_data.usage_files.row import NO_USAGE, RowCells, SkippedRow, UnreadableRow, UsageRow

EMPTY_ROWS = "rows without a model and without tokens"
USD = "usd"
PARTS_OF_CACHED = ("cached_audio_tokens", "cached_image_tokens")
WRITTEN_OR_READ = ("cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens")
# Cells that were read are kept for rows that have the same; no more of them than this.
MAX_KEPT = 10_000
NO_SECONDS = Decimal()
NO_BILL = (None, None)


class RowReader:
    """Reads rows of one file. `skipped` counts rows that are no usage, by what they are.

    `ignored` are columns that no layout knows and that cannot change a price, `without_effect` those that are known
    not to, with the reason. `names` has the column of each meaning, as the file spells it.
    """

    def __init__(
        self, layout: ExportLayout, header: Sequence[str], options: ReadingOptions, *, currency: str | None = None,
        decimal_comma: bool = False,
    ) -> None:  # fmt: skip
        self.layout = layout
        self.header = list(header)
        self.options = options
        self.currency = currency
        self.skipped: Counter[str] = Counter()
        self.places = places_of(layout, header, options.columns)
        self.names = {meaning: header[place].strip() for meaning, place in self.places}
        others = unknown_columns(layout, header, self.places, options.columns)
        self.suspicious = [(name, place) for name, place in others if may_change_a_price(name)]
        doubles = duplicates_of(layout, header, self.places, options.columns)
        self.doubles = [double for double in doubles if double.meaning in MAY_NOT_DIFFER]
        self.ignored = [name for name, _ in others if not may_change_a_price(name)]
        if not layout.marks:
            self.ignored += [double.name for double in doubles if double.meaning not in MAY_NOT_DIFFER]
        self.without_effect = without_effect_of(layout, header)
        possible = set(self.names) if layout.prepare is None else set(MEANINGS)
        # What rows of this file can have at all, with its name: most files have few of them.
        self._counts = [(name, self._name(name)) for name in COUNTS if name in possible]
        self._parts_of_cached = [name for name in PARTS_OF_CACHED if name in self.names]
        self._sums = [name for name in SUMS if name in possible]
        self._how_cells = [name for name in TERM_CELLS if name in possible]
        self._may_have_bill = currency is not None or not possible.isdisjoint(("cost_usd", "currency"))
        self._has_requests, self._calls_a_row = "requests" in possible, None if layout.sums_calls else 1
        self._has_seconds = "seconds" in possible
        self._known_how: dict[tuple[str, ...], RowTerms] = {}
        self._known_at: dict[str, date] = {}
        usual = not self.suspicious and not self.doubles and currency is None
        self._usual = FastRowReader.of(layout, dict(self.places), self._known_at, self._known_how) if usual else None
        self._count = partial(values.count, decimal_comma=decimal_comma)
        self._amount = partial(values.amount, decimal_comma=decimal_comma)

    def read(self, number: int, row: RowCells) -> UsageRow | None:
        """Return what a row says, None if it is no usage. Raise nothing: what cannot be read is a fault of the row."""
        if self._usual is not None and (usual := self._usual.read(number, row)) is not None:
            return usual
        cells: CellValues = {meaning: row[place] for meaning, place in self.places}
        model = cells.get("model")
        if (type(model) is not str or model in values.NOTHING_AS_WRITTEN) and self._is_empty(cells):
            self.skipped[EMPTY_ROWS] += 1
            return None
        try:
            if self.layout.prepare is not None:
                cells = self.layout.prepare(cells)
            for name, place in self.suspicious:
                if not values.is_zero(row[place]):
                    raise UnreadableRow(
                        f"column {name} {values.shown(row[place])} may change the price, and is not known"
                    )
            for double in self.doubles:
                _check_double(double, row)
            return self._row(number, cells)
        except SkippedRow as kind:
            self.skipped[str(kind)] += 1
            return None
        except UnreadableRow as fault:
            return self._faulty(number, cells, str(fault))

    def _is_empty(self, cells: CellValues) -> bool:
        return values.is_nothing(cells.get("model")) and not any(
            name not in ROW_NAMES and not values.is_zero(cell) for name, cell in cells.items()
        )

    def _row(self, number: int, cells: CellValues) -> UsageRow:
        at = self._at(cells)
        if self.layout.is_costs:
            return self._charge(number, cells, at)
        usage, calls = self._usage(cells)
        how = self._how(cells) if self._how_cells else PLAIN
        terms = Terms(at, how.service, how.region)
        billed, bill_fault = self._billed(cells) if self._may_have_bill else NO_BILL
        known = self.layout.cache_is_known and cells.get("cache_is_known") is not False
        return UsageRow(
            number, self._model(cells), at, usage, terms, calls, how.long_context, known, billed, None, bill_fault
        )

    def _charge(self, number: int, cells: CellValues, at: date) -> UsageRow:
        billed, bill_fault = self._billed(cells)
        if billed is None and bill_fault is None:
            raise SkippedRow("rows without a charge")
        return UsageRow(number, self._model(cells), at, NO_USAGE, None, None, billed=billed, bill_fault=bill_fault)

    def _at(self, cells: CellValues) -> date:
        cell = cells.get("date")
        if values.is_nothing(cell):
            if self.options.as_of is None:
                raise UnreadableRow(f"{self._name('date')} is empty")
            return self.options.as_of
        if not self.layout.sums_calls and not self.layout.is_costs:
            return self._moment("date", cell)
        ends = cells.get("ends")
        end = None if values.is_nothing(ends) else self._moment("ends", ends)
        return values.bucket(self._moment("date", cell), end)

    def _moment(self, meaning: str, cell: object) -> date:
        if type(cell) is not str:
            return values.moment(self._name(meaning), cell)
        found = self._known_at.get(cell)
        if found is None:
            found = values.moment(self._name(meaning), cell)
            if len(self._known_at) < MAX_KEPT:
                self._known_at[cell] = found
        return found

    def _model(self, cells: CellValues) -> str:
        cell = cells.get("model")
        model = cell.strip() if type(cell) is str else str(cell or "").strip()
        if not model and not self.layout.is_costs:
            raise UnreadableRow(f"{self._name('model')} is empty")
        return model

    def _how(self, cells: CellValues) -> RowTerms:
        """How a call was made, which is the same for most rows of a file."""
        key = tuple([cell if type(cell := cells.get(name)) is str else repr(cell) for name in self._how_cells])
        found = self._known_how.get(key)
        if found is None:
            if len(self._known_how) >= MAX_KEPT:
                self._known_how.clear()
            found = self._known_how[key] = RowTerms(
                self._service_of(cells),
                values.region(cells.get("region")),
                values.long_context(self._name("context_window"), cells.get("context_window")),
            )
        return found

    def _service_of(self, cells: CellValues) -> str:
        found = [
            values.service(self._name(name), cells[name])
            for name in ("service_tier", "speed")
            if cells.get(name) not in (None, "")
        ]
        if "batch" in cells and values.flag(self._name("batch"), cells["batch"]):
            found.append("batch")
        special = sorted({word for word in found if word != STANDARD})
        if len(special) > 1:
            raise UnreadableRow(f"{' and '.join(special)} are two service tiers")
        return special[0] if special else STANDARD

    def _usage(self, cells: CellValues) -> tuple[Usage, int | None]:
        found: dict[str, Any] = {}
        for name, own_name in self._counts:
            cell = cells.get(name)
            if type(cell) is str and cell.isdecimal() and cell.isascii() and len(cell) <= values.MAX_DIGITS:
                found[name] = int(cell)
            elif not values.is_nothing(cell):
                found[name] = self._count(own_name, cell)
        whole = found.pop("input_tokens", None)
        if whole is None or not self.layout.input_is_whole:
            whole = self._input(cells, found, whole)
        for name in self._parts_of_cached:
            found.setdefault(name, 0)
        calls = self._calls(cells) if self._has_requests else self._calls_a_row
        if calls is None or calls != 1:
            found["requests"] = calls if calls is not None else _fewest_calls(whole, *found.values())
        seconds = self._seconds(cells) if self._has_seconds else NO_SECONDS
        usage = Usage(whole, seconds=seconds, **found)
        if self._sums:
            self._check_sums(cells, usage)
        return usage, calls

    def _input(self, cells: CellValues, found: dict[str, int], stated: int | None) -> int:
        if stated is None:
            self._check_input(cells, found)
        rest = 0 if self.layout.input_is_whole else sum(found.get(name, 0) for name in WRITTEN_OR_READ)
        return (stated or 0) + rest

    def _check_input(self, cells: CellValues, found: dict[str, int]) -> None:
        """A row may have no input if it has other things that are counted."""
        if "input_tokens" not in cells and "total_tokens" in cells:
            total = values.shown(cells["total_tokens"])
            raise UnreadableRow(f"{self._name('total_tokens')} {total} is not divided into input and output")
        if not any(found.get(name) for name in THINGS) and values.is_zero(cells.get("seconds")):
            raise UnreadableRow(f"{self._name('input_tokens')} is empty")

    def _seconds(self, cells: CellValues) -> Decimal:
        cell = cells.get("seconds")
        return NO_SECONDS if values.is_nothing(cell) else self._amount(self._name("seconds"), cell)

    def _calls(self, cells: CellValues) -> int | None:
        cell = cells.get("requests")
        if values.is_nothing(cell):
            return self._calls_a_row
        return self._count(self._name("requests"), cell)

    def _check_sums(self, cells: CellValues, usage: Usage) -> None:
        sums = {
            "total_tokens": (usage.input_tokens + usage.output_tokens, "input and output tokens"),
            "uncached_input_tokens": (
                usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens - usage.cache_write_1h_tokens,
                "input less cached and written tokens",
            ),
        }
        for name in self._sums:
            right, what = sums[name]
            if not values.is_nothing(cells.get(name)):
                stated = self._count(self._name(name), cells[name])
                if stated != right:
                    raise UnreadableRow(f"{self._name(name)} {stated} is not {right}, which {what} come to")

    def _billed(self, cells: CellValues) -> tuple[Decimal | None, str | None]:
        cell = cells.get("cost_usd")
        currency = cells.get("currency")
        code = self.currency if values.is_nothing(currency) else str(currency).strip()
        billed = None if values.is_nothing(cell) else self._amount(self._name("cost_usd"), cell)
        if code and code.lower() != USD:
            fault = f"{self._name('currency')} {code!r} has no rate to USD"
            if billed is None and not self.layout.is_costs:
                raise UnreadableRow(fault)
            return None, fault
        bill_fault = cells.get("bill_fault")
        return billed, None if bill_fault is None else str(bill_fault)

    def _faulty(self, number: int, cells: CellValues, fault: str) -> UsageRow:
        billed: Decimal | None = None
        at: date | None = None
        try:
            at = self._at(cells)
            billed, _ = self._billed(cells)
        except UnreadableRow:
            pass
        model = str(cells.get("model") or "").strip()
        return UsageRow(number, model, at, NO_USAGE, None, None, billed=billed, fault=fault)

    def _name(self, meaning: str) -> str:
        return self.names.get(meaning, meaning)


# What a row without usage may have, too: the day it is of.
ROW_NAMES = frozenset({"date", "ends", "currency", "product", "product_name", "unit", "line_type"})


def _check_double(double: DuplicateColumn, row: RowCells) -> None:
    """Raise UnreadableRow if a column that is not used says something else than the one that is used."""
    cell, used = row[double.place], row[double.used_place]
    if not values.is_zero(cell) and cell != used and str(cell).strip() != str(used).strip():
        raise UnreadableRow(
            f"column {double.name} {values.shown(cell)} is not what {double.used_name} says, {values.shown(used)}"
        )


def _fewest_calls(*tokens: int) -> int:
    """Return the smallest number of calls that could have these tokens, for a row that does not state it."""
    return max(1, -(-max(tokens) // MAX_TOKENS))
