"""Rows of a book from the values that hold: who states each rate, and what the other sources state of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from pricing_data.price import STANDARD, Opinion, Price, PriceSource, Statement, Window
from pricing_data.refresh.chosen_values import ChosenValue, values_in
from pricing_data.refresh.evidence import Evidence
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.precedence import RULES, states
from pricing_data.refresh.source_history import ALWAYS, PRIMARY, PRIMARY_BEFORE, SourceHistory
from pricing_data.refresh.tariff_values import INPUT, SCHEDULE, TIER, PathValue, in_order, place_of, tariff_of

OUTPUT = "output"
OWN = (INPUT, OUTPUT)
DECISIONS = "decisions.toml"
BRIEFLY = timedelta(microseconds=1)


def prices(model_rule: ModelRule, evidence: Evidence) -> list[Price]:
    """Return the rows of a model by precedence, oldest first, as recorded today. Announced ones are among them."""
    found = states(evidence)
    ends: list[datetime | None] = [*(at for at, _ in found[1:]), None]
    builder = _RowBuilder(model_rule, evidence)
    rows: list[Price] = []
    held: dict[str, datetime] = {}
    before: Mapping[str, ChosenValue] = {}
    for (at, choices), end in zip(found, ends, strict=False):
        held = {path: held[path] if _same(before.get(path), choice) else at for path, choice in choices.items()}
        rows.append(builder.row(at, end, choices, held))
        before = choices
    return rows


@dataclass(frozen=True, slots=True)
class _Origin:
    """Who states a value and since when, what the other sources state of it, and how that is called."""

    since: date
    basis: str
    source: PriceSource
    not_before: date | None
    state: str


@dataclass(frozen=True, slots=True)
class _RowBuilder:
    model_rule: ModelRule
    evidence: Evidence

    def row(
        self, begins: datetime, ends: datetime | None, choices: Mapping[str, ChosenValue], held: Mapping[str, datetime]
    ) -> Price:
        """Return the row of one time; other sources are asked for the end of it, or for today.

        `held` has the instant of the first of the rows in which each value stands without a break.
        """
        asked = max(begins, ends - BRIEFLY if ends else self.evidence.today)
        others = _OtherSources(self.evidence.sources, choices, asked, past=ends is not None)
        own, output = choices[INPUT], choices.get(OUTPUT)
        opinions = others.of_price()
        state = others.state_of_price(opinions)
        origins = {
            path: self._origin(path, choice, held[path], others) for path, choice in choices.items() if path != INPUT
        }
        of_input = replace(self._origin(INPUT, own, held[INPUT], others), state=state)
        of_row = replace(of_input, since=begins.date())
        origins[INPUT] = of_input
        if output and _same_origin(origins[OUTPUT], of_input):
            origins[OUTPUT] = of_input
        return Price(
            model=self.model_rule.model,
            effective_from=begins.date(),
            effective_at=begins.time(),
            basis=f"host:{self.model_rule.host}" if self.model_rule.host else of_input.basis,
            tariff=tariff_of(values_in(choices)),
            source=own.source,
            second_opinions=opinions,
            state=state,
            recorded_at=self.evidence.today.date(),
            not_before=of_row.not_before,
            statements=tuple(_statements(origins, of_row, others)),
        )

    def _origin(self, path: str, choice: ChosenValue, held: datetime, others: "_OtherSources") -> _Origin:
        since, basis = self._beginning(choice, held)
        not_before = choice.not_before if choice.not_before and choice.not_before < since else None
        return _Origin(since, basis, choice.source, not_before, others.state(path, choice))

    def _beginning(self, choice: ChosenValue, held: datetime) -> tuple[date, str]:
        """Return since when a value holds, and who says so: the source, a decision, or the release if it has no day.

        A value that stands in rows before its source's day, which reaches back, holds since the first of them.
        """
        first = self.evidence.begins
        if choice.source.package == RULES:
            return held.date(), "documented"
        if choice.begins == held or (choice.begins > first and choice.begins < held and not self._decided(held)):
            return held.date(), choice.basis
        if self._decided(held) or choice.basis == "override":
            return held.date(), "override"
        if held == first:
            return held.date(), self._undated(self.evidence.release is None and first == self.evidence.today)
        return held.date(), choice.basis

    def _decided(self, at: datetime) -> bool:
        marks = ((decision.since, decision.until) for decision in self.evidence.decisions)
        return any(at in pair for pair in marks)

    def _undated(self, first_seen: bool) -> str:
        if self.evidence.priced_from == self.evidence.begins:
            return "documented"
        return "first_observed" if first_seen else "release"


def _statements(origins: Mapping[str, _Origin], of_row: _Origin, others: "_OtherSources") -> Iterator[Statement]:
    """Yield a statement for all paths of one origin, where it is not that of the row."""
    grouped: dict[_Origin, list[str]] = {}
    for path in in_order({path: () for path in origins if not _is_unknown_tier(path)}):
        grouped.setdefault(origins[path], []).append(path)
    for one, paths in grouped.items():
        if one != of_row:
            opinions = tuple(opinion for path in paths if path not in OWN for opinion in others.differing(path))
            yield Statement(tuple(paths), one.since, one.basis, one.source, one.state, one.not_before, opinions)


def _is_unknown_tier(path: str) -> bool:
    place = place_of(path)
    return place is not None and place.rate == TIER


def _same(before: ChosenValue | None, choice: ChosenValue) -> bool:
    return before is not None and before.value == choice.value


def _same_origin(one: _Origin, other: _Origin) -> bool:
    return (one.since, one.basis, one.source) == (other.since, other.basis, other.source)


class _OtherSources:
    """What sources other than the chosen ones state at one instant."""

    def __init__(
        self, sources: Mapping[str, SourceHistory], choices: Mapping[str, ChosenValue], at: datetime, *, past: bool
    ) -> None:
        self.choices = choices
        self.at = at
        self.past = past
        # Of the past the primary's old releases are asked before its present one, of today they are not asked.
        last = PRIMARY if past else PRIMARY_BEFORE
        asked = [source for name, source in sources.items() if name != last]
        self.asked = [*asked, *(source for name, source in sources.items() if name == last and past)]

    def state(self, path: str, choice: ChosenValue) -> str:
        """Return whether other sources state the same of a path."""
        if choice.source.package == DECISIONS:
            return "override"
        stated = list(self._stated(path, choice.source.package))
        if not stated:
            return "single"
        return "agreed" if all(self._agrees(path, value) for _, value in stated) else "disputed"

    def differing(self, path: str) -> list[tuple[str, str, Decimal]]:
        """Return the sources that state another value of a path, with the path and the value."""
        choice = self.choices[path]
        return [
            (package, path, value)
            for package, value in self._stated(path, choice.source.package)
            if isinstance(value, Decimal) and not self._agrees(path, value)
        ]

    def of_price(self) -> tuple[Opinion, ...]:
        """Return what the others ask for input and output."""
        own = self.choices[INPUT].source.package
        given = dict(self._stated(INPUT, own))
        outputs = dict(self._stated(OUTPUT, own))
        return tuple(
            Opinion(package, value, output if isinstance(output := outputs.get(package), Decimal) else None)
            for package, value in given.items()
            if isinstance(value, Decimal)
        )

    def state_of_price(self, opinions: Sequence[Opinion]) -> str:
        """Return how input and output together are called."""
        if self.choices[INPUT].source.package == DECISIONS:
            return "override"
        if not opinions:
            return "single"
        return "agreed" if all(self._same_price(opinion) for opinion in opinions) else "disputed"

    def _same_price(self, opinion: Opinion) -> bool:
        """Return whether a source asks the same at some hour."""
        output = self.choices.get(OUTPUT)
        pairs: list[tuple[object, object]] = [(self.choices[INPUT].value, output.value if output else None)]
        pairs += [(window.rates.input, window.rates.output) for window in self._windows()]
        asked = opinion.output
        return any(opinion.value == own and (None in (asked, other) or asked == other) for own, other in pairs)

    def _windows(self) -> tuple[Window, ...]:
        schedule = self.choices.get(SCHEDULE)
        return schedule.value if schedule and isinstance(schedule.value, tuple) else ()

    def _agrees(self, path: str, value: PathValue) -> bool:
        place = place_of(path)
        in_hours = place is not None and place.service == STANDARD and not place.above_tokens
        hours = {getattr(window.rates, place.rate) for window in self._windows()} if in_hours and place else set()
        return value == self.choices[path].value or value in hours

    def _stated(self, path: str, own: str) -> Iterator[tuple[str, PathValue]]:
        """Yield each other package that states a path, with its value. An undated value has no word on the past."""
        seen: set[str] = {own}
        for source in self.asked:
            package = source.package
            period = source.period(path, self.at)
            if package in seen or period is None or period.value is None:
                continue
            if period.begins == ALWAYS if self.past else not source.current:
                continue
            seen.add(package)
            yield package, period.value
