"""Makes the next price book from the last one and the sources. Rows are only ever appended.

What is not appended is noted: a price that is refused, held for a person to look at, or gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from pricing_data.book import histories_of
from pricing_data.book.override_validity import override_row
from pricing_data.book.overrides import Correction, Override, PricesFile
from pricing_data.cost import plain
from pricing_data.price import MIDNIGHT, Price, Tariff
from pricing_data.rate_paths import rates_by_path
from pricing_data.refresh.evidence import CuratedFacts
from pricing_data.refresh.guards import ZERO_BEFORE, broken_source, change_fault, fault_notes, new_fault, was_zero
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.review_queue import ReviewNote
from pricing_data.refresh.row_building import prices
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.tariff_values import values_of

WITHDRAWN = "the sources took back what they had announced for this day"
AGAIN = "the sources changed once more on this day"
GONE = "no source lists it any more"
# renewed  the same price: what other sources state of one of its rates has changed
KINDS = ("new", "changed", "corrected", "retired", "returned", "renewed")


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A row that a refresh appends, and the one that held on its day before."""

    kind: str
    row: Price
    before: Price | None


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """The outcome of a refresh: all rows of the new book, what was appended, and the notes."""

    rows: tuple[Price, ...]
    changes: tuple[PriceChange, ...]
    notes: tuple[ReviewNote, ...]

    @property
    def appended(self) -> tuple[Price, ...]:
        """Return the new rows alone."""
        return tuple(change.row for change in self.changes)

    @property
    def held(self) -> tuple[ReviewNote, ...]:
        """Return the notes of prices that a person has to decide on."""
        return tuple(note for note in self.notes if note.kind == "held")

    def changed_percent(self) -> int:
        """Return the percentage of the models with a price that get another one, rounded up."""
        had = {row.model for row in self.rows[: len(self.rows) - len(self.changes)]}
        moved = {change.row.model for change in self.changes if change.kind not in ("new", "renewed")}
        return -(-100 * len(moved) // len(had)) if had else 0


@dataclass(frozen=True, slots=True)
class RefreshInputs:
    """All that a refresh is made from, besides the book."""

    model_rules: Mapping[str, ModelRule]
    cited: PricesFile
    snapshots: Mapping[str, SourceSnapshot]
    notes_before: Sequence[ReviewNote]
    today: date
    facts: CuratedFacts = field(default_factory=CuratedFacts)

    @property
    def instant(self) -> datetime:
        """Return the instant at which the day of the refresh begins."""
        return datetime.combine(self.today, MIDNIGHT, UTC)


def refresh(before: Sequence[Price], inputs: RefreshInputs) -> RefreshResult:
    """Return the next book. `before` are the rows of earlier refreshes; they are kept as they are."""
    histories = histories_of(before)
    changes: list[PriceChange] = []
    notes: list[ReviewNote] = []
    for model in sorted({*inputs.model_rules, *inputs.cited.models}):
        model_rule = inputs.model_rules.get(model) or ModelRule(model, "none", {})
        found = _ModelRefresh(model_rule, histories.get(model, ()), inputs)
        found.run()
        changes += found.changes
        notes += found.notes
    rows = (*before, *(change.row for change in changes))
    return RefreshResult(rows, tuple(changes), tuple(notes))


class _ModelRefresh:
    """One model's part of a refresh: `changes` and `notes` grow as it runs."""

    def __init__(self, model_rule: ModelRule, history: Sequence[Price], inputs: RefreshInputs) -> None:
        self.model_rule = model_rule
        self.inputs = inputs
        self.today = inputs.today
        self.now = inputs.instant
        self.by_instant = {row.begins: row for row in history}
        self.changes: list[PriceChange] = []
        self.notes: list[ReviewNote] = []

    def run(self) -> None:
        for correction in self.inputs.cited.corrections:
            if correction.model == self.model_rule.model:
                self._correct(correction)
        self.notes += fault_notes(self.model_rule, self.inputs.snapshots)
        wanted = self._wanted()
        current = self._at(self.now)
        if current is None and not self.by_instant:
            self._enter(wanted)
        elif (last := current or self._first()) and (note := self._broken(last)):
            self.notes.append(note)
        elif not (wanted and self._listed(wanted)):
            self._retire(last)
        else:
            self._change(last, wanted)

    def _wanted(self) -> list[Price]:
        """Return what the sources, the curated files and the overrides say, oldest first, announced prices too."""
        rows = prices(self.model_rule, self.inputs.facts.evidence(self.model_rule, self.inputs.snapshots, self.now))
        for override in self.inputs.cited.overrides:
            if override.model == self.model_rule.model:
                rows = self._overridden(override, rows)
        return rows

    def _listed(self, wanted: Sequence[Price]) -> bool:
        """Return whether any source still lists the model, and not only old releases; an override needs none."""
        listed = (key in self.inputs.snapshots[package].offers for package, key in self.model_rule.ids.items())
        return wanted[-1].source.provider == "override" or any(listed)

    def _overridden(self, override: Override, rows: list[Price]) -> list[Price]:
        current = rows[-1] if rows else None
        expired = override.expires is not None and override.expires <= self.today
        if expired or override.replaces != (current.input if current else None):
            reason = "the override has expired" if expired else "what the override replaces has changed"
            self.notes.append(ReviewNote(override.model, "lapsed", reason, source=override.source.package))
            return rows
        row = override_row(override, current, self.today)
        return [*(older for older in rows if older.effective_from < row.effective_from), row]

    def _enter(self, wanted: Sequence[Price]) -> None:
        """A model that the book lacks brings all its prices; one that only old releases have does not enter."""
        if not (wanted and self._listed(wanted)):
            return
        past = [row for row in wanted if row.begins <= self.now] or wanted[:1]
        newest = past[-1]
        zero = was_zero(self.model_rule.model, self.inputs.notes_before, newest)
        fault = ZERO_BEFORE if zero else new_fault(newest)
        if fault and not self._allowed(newest):
            self._hold(newest, fault)
            return
        for row in wanted:
            self._append("new", row)

    def _change(self, last: Price, wanted: Sequence[Price]) -> None:
        """Append the rows that say something newer than the book, as far as no guard holds them."""
        newer = [row for row in wanted if row.begins > last.begins and row.basis != "release"]
        past = [row for row in wanted if row.begins <= self.now]
        if past and past[-1] not in newer and (last.state == "retired" or _differs(last, past[-1])):
            basis = "override" if past[-1].state == "override" else "first_observed"
            newer.insert(0, self._from_today(past[-1], basis))
        for row in newer:
            before = self._at(row.begins) or last
            returned = before.state == "retired"
            if not returned and not _differs(before, row):
                continue
            if (fault := self._fault(row)) and not self._allowed(row):
                self._hold(row, fault)
                return
            self._append("returned" if returned else "changed", row)
        self._withdraw(wanted)
        self._renew(past)

    def _from_today(self, row: Price, basis: str) -> Price:
        return replace(row, effective_from=self.today, effective_at=MIDNIGHT, basis=_basis(row, basis), not_before=None)

    def _renew(self, past: Sequence[Price]) -> None:
        """Append the same price again if what other sources state of any of its rates has changed."""
        current = self._at(self.now)
        if current is not None and current.state in ("override", "retired"):
            return
        if not past or current is None or _differs(current, past[-1]) or _states(current) == _states(past[-1]):
            return
        if current.begins < self.now:
            self._append("renewed", self._from_today(past[-1], current.basis))

    def _withdraw(self, wanted: Sequence[Price]) -> None:
        """A price that was announced and is announced no more does not apply itself."""
        for instant in sorted(instant for instant in self.by_instant if instant > self.now):
            said = [row for row in wanted if row.begins <= instant]
            if said and _differs(self.by_instant[instant], said[-1]):
                row = replace(said[-1], effective_from=instant.date(), effective_at=instant.time())
                self._append("corrected", row, WITHDRAWN)

    def _fault(self, row: Price) -> str | None:
        if row.state == "override":
            return None
        rows = sorted(self.by_instant.items())
        trusted = [old for begins, old in rows if old.state != "override" and begins <= self.now]
        other_host = bool(trusted) and row.basis.startswith("host:") and row.basis != trusted[-1].basis
        return change_fault(trusted[-1], row) if trusted and not other_host else None

    def _broken(self, last: Price) -> ReviewNote | None:
        return broken_source(last, self.model_rule, self.inputs.snapshots) if last.state != "retired" else None

    def _retire(self, last: Price) -> None:
        if self.model_rule.policy == "none" or last.state == "retired":
            return
        self.notes.append(ReviewNote(last.model, "retired", f"{GONE}; the last price stays"))
        row = replace(self._from_today(last, "first_observed"), state="retired", second_opinions=())
        self._append("retired", row, GONE)

    def _correct(self, correction: Correction) -> None:
        before = self._at(datetime.combine(correction.effective_from, MIDNIGHT, UTC))
        if before and before.source == correction.source and before.effective_from == correction.effective_from:
            return
        tariff = Tariff(correction.rates)
        day = correction.effective_from
        row = Price(correction.model, day, "override", tariff, correction.source, (), "override", self.today)
        self._append("corrected", row, correction.reason)

    def _append(self, kind: str, row: Price, corrects: str | None = None) -> None:
        """Append a row; one that is not later than all others says why it stands in."""
        before = self._at(row.begins)
        late = bool(self.by_instant) and row.begins <= max(self.by_instant)
        row = replace(row, recorded_at=self.today, corrects=(corrects or AGAIN) if late else None)
        self.by_instant[row.begins] = row
        self.changes.append(PriceChange(kind, row, before))

    def _hold(self, row: Price, reason: str) -> None:
        value = plain(row.input) if row.input is not None else None
        day = row.effective_from.isoformat()
        self.notes.append(ReviewNote(row.model, "held", reason, value, day, row.source.package))

    def _allowed(self, row: Price) -> bool:
        return row.input is not None and (row.model, row.input) in self.inputs.cited.allowed

    def _at(self, instant: datetime) -> Price | None:
        known = [begins for begins in self.by_instant if begins <= instant]
        return self.by_instant[max(known)] if known else None

    def _first(self) -> Price:
        return self.by_instant[min(self.by_instant)]


def _basis(row: Price, otherwise: str) -> str:
    return row.basis if row.basis.startswith("host:") else otherwise


def _differs(last: Price, row: Price) -> bool:
    return values_of(last.tariff) != values_of(row.tariff)


def _states(row: Price) -> dict[str, str]:
    """Return the state of each rate of a row."""
    return {path: row.statement(path).state for path in rates_by_path(row.tariff)}


def unread(
    model_rules: Mapping[str, ModelRule], snapshots: Mapping[str, SourceSnapshot], history: Mapping[str, SourceSnapshot]
) -> list[str]:
    """Return the upstream ids that no source has, in no release: a slip in the curation, or a model that is gone."""
    return [
        f"{model}: {package} {key}"
        for model, model_rule in model_rules.items()
        for package, key in model_rule.ids.items()
        if key not in snapshots[package].offers and (package not in history or key not in history[package].offers)
    ]
