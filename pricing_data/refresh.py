"""Makes the next price book from the last one and the sources. Rows are only ever appended.

What is not appended is noted: a price that is refused, held for a person to look at, or gone.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal

from pricing_data.cost import plain
from pricing_data.curation import Override, Upstream
from pricing_data.offers import Reading, changed
from pricing_data.precedence import FORESIGHT, overridden, prices, steps, told
from pricing_data.price import Price

MAX_RATIO = Decimal(3)
SLIPS = (Decimal(100), Decimal(1_000), Decimal(1_000_000))
SLIP_TOLERANCE = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class Note:
    """A price that the sources give and the book does not take, and why."""

    model: str
    kind: str
    reason: str
    value: str | None = None
    effective_from: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """The outcome of a refresh: all rows of the new book, those appended, and the notes."""

    rows: tuple[Price, ...]
    appended: tuple[Price, ...]
    notes: tuple[Note, ...]

    @property
    def notes_text(self) -> str:
        """The notes as JSON lines."""
        kept = ({name: value for name, value in asdict(note).items() if value} for note in self.notes)
        return "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in kept)


def refresh(
    before: Sequence[Price],
    upstreams: Mapping[str, Upstream],
    overrides: Mapping[str, Override],
    readings: Mapping[str, Reading],
    today: date,
) -> Refresh:
    """The next book. `before` are the rows of earlier refreshes; they are kept as they are."""
    histories: dict[str, list[Price]] = {}
    for row in before:
        histories.setdefault(row.model, []).append(row)
    appended: list[Price] = []
    notes: list[Note] = []
    for model in sorted(upstreams):
        override = overrides.get(model)
        rows, said = _model(upstreams[model], override, readings, histories.get(model, []), today)
        appended += rows
        notes += said
    return Refresh((*before, *appended), tuple(appended), tuple(notes))


def _model(
    upstream: Upstream,
    override: Override | None,
    readings: Mapping[str, Reading],
    history: Sequence[Price],
    today: date,
) -> tuple[list[Price], list[Note]]:
    sources = told(upstream, readings)
    notes = _faults(upstream, readings)
    found = steps(upstream, sources, today)
    ahead = [step for step in found if step.since > today + FORESIGHT]
    rows = prices(upstream, [step for step in found if step not in ahead], sources, today)
    notes += [
        Note(upstream.model, "held", "announced for later", *_facts(row))
        for row in prices(upstream, ahead, sources, today)
    ]
    if override is not None:
        rows, said = _apply(override, rows, today)
        notes += said
    if not history:
        return rows, notes
    if not sources and not override:
        gone = upstream.policy != "none"
        return [], notes + ([Note(upstream.model, "vanished", "no source sells it any more")] if gone else [])
    kept, said = _changed(history, rows, today)
    return kept, notes + said


def _apply(override: Override, rows: list[Price], today: date) -> tuple[list[Price], list[Note]]:
    row = overridden(override, rows[-1] if rows else None, today)
    if row is None:
        return rows, [Note(override.model, "lapsed", "the override has expired, or what it replaces has changed")]
    return [*(older for older in rows if older.effective_from < row.effective_from), row], []


def _changed(history: Sequence[Price], rows: Sequence[Price], today: date) -> tuple[list[Price], list[Note]]:
    """The rows that say something newer than the book, as far as no guard holds them."""
    last = history[-1]
    newer = [row for row in rows if row.effective_from > last.effective_from]
    if not newer and rows and last.effective_from < today:
        newer = [replace(rows[-1], effective_from=today, basis="first_observed")]
    kept: list[Price] = []
    for row in newer:
        if not _differs(last, row):
            continue
        if row.basis != "override" and (reason := guard(last, row)):
            return kept, [Note(row.model, "held", reason, *_facts(row))]
        kept.append(row)
        last = row
    return kept, []


def _differs(last: Price, row: Price) -> bool:
    return changed(last.tariff, last.source.package, row.tariff, row.source.package)


def guard(old: Price, new: Price) -> str | None:
    """Why a change is not to be taken without a cited override; None if it may be."""
    if new.state == "disputed" and new.effective_from == new.recorded_at:
        return f"a change without a date, which the sources dispute: now {plain(old.input or Decimal())}"
    for before, after in ((old.input, new.input), (old.output, new.output)):
        if not before or not after:
            continue
        ratio = max(before, after) / min(before, after)
        if any(abs(ratio / slip - 1) <= SLIP_TOLERANCE for slip in SLIPS):
            return f"looks like a slip of units: {plain(before)} to {plain(after)}"
        if ratio > MAX_RATIO:
            return f"changes more than {MAX_RATIO} times: {plain(before)} to {plain(after)}"
    return None


def _faults(upstream: Upstream, readings: Mapping[str, Reading]) -> list[Note]:
    keys = {(package, key) for package, key in upstream.ids.items()}
    return [
        Note(upstream.model, "refused", f"{fault.field} is {fault.reason}", fault.value, None, fault.source)
        for package in upstream.ids
        for fault in readings[package].faults
        if (fault.source, fault.key.removesuffix(" (batch)")) in keys
    ]


def _facts(row: Price) -> tuple[str | None, str, str]:
    value = plain(row.input) if row.input is not None else None
    return value, row.effective_from.isoformat(), row.source.package


def unread(upstreams: Mapping[str, Upstream], readings: Mapping[str, Reading]) -> list[str]:
    """The upstream ids that no source has: a slip in the curation, or a model that is gone."""
    return [
        f"{model}: {package} {key}"
        for model, upstream in upstreams.items()
        for package, key in upstream.ids.items()
        if key not in readings[package].offers
    ]
