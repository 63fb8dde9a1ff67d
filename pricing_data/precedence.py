"""Which source's value of a path holds at an instant. Nobody votes.

1. a decision of a person, cited or with its reason
2. the newest dated change in effect: of the primary, or of model-prices
3. what the primary (genai-prices) states without a day: it is stated of all the past, except where observations
   prove that the value was another one before
4. model-prices, then LiteLLM, then old releases of the primary
5. a cited rule of the provider

A source supplies other rates only while its input price is the one that holds: rates of two prices are never mixed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from pricing_data.decisions import Decision, decided
from pricing_data.paths import SCHEDULE, Value, place_of
from pricing_data.price import Source
from pricing_data.rules import Rule, ruled
from pricing_data.source_timeline import (
    ALWAYS,
    DATED,
    DOCUMENTED,
    PRIMARY,
    PRIMARY_BEFORE,
    SECONDARY,
    Run,
    SourceTimeline,
)

INPUT = "input"
# Who is asked for a value, in this order, where nobody has a newer dated change.
ORDER = (PRIMARY, DATED, SECONDARY, PRIMARY_BEFORE)
# A value that only one source was seen to state counts as the past of another one if it stood so long.
MIN_PROOF = timedelta(days=30)
# A public list takes a new model in so long after its release at most.
MAX_LISTING_DELAY = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of a path that holds, who states it and since when. `begins` is `ALWAYS` where it has no day."""

    value: Value
    begins: datetime
    basis: str
    source: Source
    not_before: date | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one model: what each source states, its release, what persons decided, cited rules."""

    sources: Mapping[str, SourceTimeline]
    release: datetime | None = None
    decisions: Sequence[Decision] = ()
    rules: Sequence[Rule] = ()
    held_from: datetime | None = None
    input_bounds: Sequence[datetime] = field(default=())


def states(evidence: Evidence) -> list[tuple[datetime, dict[str, Choice]]]:
    """Return each instant at which anything changes, with all values that hold from then on, oldest first."""
    chooser = _Chooser(evidence)
    found: list[tuple[datetime, dict[str, Choice]]] = []
    for at in chooser.instants():
        choices = chooser.choices(at)
        if INPUT in choices and (not found or _values(found[-1][1]) != _values(choices)):
            found.append((at, choices))
    return found


class _Chooser:
    """Chooses the values of one model at any instant."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.sources = [evidence.sources[name] for name in ORDER if name in evidence.sources]
        self.sources += [source for name, source in evidence.sources.items() if name not in ORDER]
        self.primary = evidence.sources.get(PRIMARY)
        self.history = evidence.sources.get(DATED)
        self.paths = {path for source in self.sources for path in source.runs}
        self.begins = self._begins()

    def instants(self) -> list[datetime]:
        """Return the instants at which a value may change, oldest first: of runs, decisions and rules."""
        runs = (run for source in self.sources for found in source.runs.values() for run in found)
        marks = {max(run.begins, self.begins) for run in runs}
        marks |= {decision.since for decision in self.evidence.decisions if decision.since}
        marks |= {decision.until for decision in self.evidence.decisions if decision.until}
        marks |= {rule.since for rule in self.evidence.rules}
        return sorted({max(mark, self.begins) for mark in marks} | ({self.begins} if self.sources else set()))

    def choices(self, at: datetime) -> dict[str, Choice]:
        """Return the value of each path at an instant."""
        chosen = self._choice(INPUT, at, self.sources)
        chosen = decided(self.evidence.decisions, INPUT, at, chosen, self._stated(INPUT, at))
        if chosen is None:
            return {}
        coherent = [source for source in self.sources if self._coherent(source, at, chosen.value)]
        found = {INPUT: chosen}
        bounds: dict[str, tuple[int, ...]] = {}
        for path in self.paths | {decision.path for decision in self.evidence.decisions}:
            if path == INPUT:
                continue
            among = self._with_bounds(path, at, coherent, bounds)
            choice = self._choice(path, at, among)
            choice = decided(self.evidence.decisions, path, at, choice, self._stated(path, at))
            if choice is not None:
                found[path] = choice
        return self._with_rules(at, found)

    def _with_rules(self, at: datetime, found: dict[str, Choice]) -> dict[str, Choice]:
        values = {path: choice.value for path, choice in found.items()}
        for path, value, rule in ruled(self.evidence.rules, values, at):
            found[path] = Choice(value, rule.since, "documented", rule.source)
        return found

    def _stated(self, path: str, at: datetime) -> Mapping[str, Choice]:
        runs = ((source.name, self._run(source, path, at)) for source in self.sources)
        return {name: _choice_of(run) for name, run in runs if run}

    def _with_bounds(
        self, path: str, at: datetime, coherent: list[SourceTimeline], known: dict[str, tuple[int, ...]]
    ) -> list[SourceTimeline]:
        """Return the sources that may state a path: of a tier's, those that have exactly the tiers that hold."""
        place = place_of(path)
        if place is None or not place.above_tokens:
            return coherent
        if place.service not in known:
            known[place.service] = self._bounds(place.service, at, coherent)
        if place.above_tokens not in known[place.service]:
            return []
        return [one for one in coherent if self._own_bounds(one, place.service, at) == known[place.service]]

    def _bounds(self, service: str, at: datetime, coherent: Iterable[SourceTimeline]) -> tuple[int, ...]:
        """Return the bounds of the first source that has tiers; none where a source dates that they ended."""
        for source in coherent:
            if found := self._own_bounds(source, service, at):
                return found
            if source.had_tiers(service, at):
                return ()
        return ()

    def _own_bounds(self, source: SourceTimeline, service: str, at: datetime) -> tuple[int, ...]:
        return source.bounds(service, self._reached(source, at))

    def _coherent(self, source: SourceTimeline, at: datetime, value: Value) -> bool:
        """Return whether a source asks the input price that holds, or does not yet list the model."""
        run = source.run(INPUT, self._reached(source, at))
        return run is not None and run.value == value and self._same_price_since(source, at, value)

    def _same_price_since(self, source: SourceTimeline, at: datetime, value: Value) -> bool:
        """Return whether the input price that holds is the same from an instant until the source's first listing."""
        if at >= source.begins:
            return True
        marks = [mark for mark in self._input_marks() if at < mark <= source.begins]
        choices = [self._choice(INPUT, mark, self.sources) for mark in marks]
        return all(choice is not None and choice.value == value for choice in choices)

    def _input_marks(self) -> list[datetime]:
        return sorted({run.begins for source in self.sources for run in source.runs.get(INPUT, ())})

    def _choice(self, path: str, at: datetime, among: Sequence[SourceTimeline]) -> Choice | None:
        """Return the value of a path by precedence among some sources."""
        if (event := self._newest_change(path, at, among)) is not None:
            return _choice_of(event)
        primary = self.primary.run(path, at) if self.primary in among and self.primary else None
        if primary is not None:
            return _choice_of(self._proven_before(path, at, primary, among) or primary)
        for source in among:
            if run := self._run(source, path, at):
                return _choice_of(run)
        return None

    def _newest_change(self, path: str, at: datetime, among: Sequence[SourceTimeline]) -> Run | None:
        """Return the newest dated change in effect; of one value that both state, the primary's telling."""
        own = self.primary.run(path, at) if self.primary and self.primary in among else None
        changes = [own] if own and own.begins != ALWAYS else []
        if self.history and self.history in among and (run := self._change(path, at)):
            changes.append(run)
        newest = max(changes, key=lambda run: run.begins, default=None)  # of one instant the first: the primary's
        if newest is not None and own is not None and own.value == newest.value:
            return newest if own.begins == ALWAYS else own
        return newest

    def _change(self, path: str, at: datetime) -> Run | None:
        """Return the newest change of model-prices in effect: documented, or from one stated value to another."""
        history = self.history
        run = history.run(path, at) if history else None
        if history is None or run is None:
            return None
        if run.basis in DOCUMENTED:
            return run
        before = [old for old, new in pairwise(history.runs[path]) if new == run and old.value is not None]
        return run if before and (_lasts(run) or self._confirmed(history, path, run, at)) else None

    def _proven_before(
        self, path: str, at: datetime, primary: Run, among: Sequence[SourceTimeline]
    ) -> Run | None:
        """Return what held instead of the primary's undated value, if observations prove it; None if none does.

        At the same time no source may have stated the primary's value; and the source that stated another one must
        have come to the primary's value later.
        """
        others = [source for source in among if source is not self.primary]
        first = min((run.begins for source in others if (run := source.first(path))), default=None)
        moment = max(at, first) if first else at
        stated = [(source, run) for source in others if (run := source.run(path, moment))]
        if any(run.value == primary.value for _, run in stated):
            return None
        for source, run in stated:
            if self._proves(source, path, run, primary, moment):
                return run
        return None

    def _proves(self, source: SourceTimeline, path: str, run: Run, primary: Run, at: datetime) -> bool:
        later = [other for other in source.runs[path] if other.begins > run.begins and other.value is not None]
        followed = source.name == PRIMARY_BEFORE or any(other.value == primary.value for other in later)
        changed = source.name == DATED and bool(later)
        return (followed or changed) and (_lasts(run) or self._confirmed(source, path, run, at))

    def _confirmed(self, source: SourceTimeline, path: str, run: Run, at: datetime) -> bool:
        others = (other.run(path, at) for other in self.sources if other is not source)
        return any(other is not None and other.value == run.value for other in others)

    def _run(self, source: SourceTimeline, path: str, at: datetime) -> Run | None:
        """Return what a source states; before its first listing of the model, what this one states from there."""
        return source.run(path, self._reached(source, at))

    def _reached(self, source: SourceTimeline, at: datetime) -> datetime:
        """Return the instant at which a source is asked for another one: its first listing reaches back to the release.

        A list that dates its entries is trusted to have taken the model in soon; else its first entry is not of then.
        """
        begins, release = source.begins, self.evidence.release
        if at >= begins or release is None or begins == ALWAYS:
            return at
        late = source.name == DATED and begins - release > MAX_LISTING_DELAY
        return at if late else begins

    def _begins(self) -> datetime:
        """Return from when on the model has a price: its release, or the first that was ever seen of it."""
        seen = [source.begins for source in self.sources if source.begins != ALWAYS]
        marks = [mark for mark in (self.evidence.release, *seen) if mark is not None]
        dated = [mark for mark in (self.evidence.held_from,) if mark is not None]
        return min([*marks, *dated], default=ALWAYS)


def _lasts(run: Run) -> bool:
    return run.ends is None or run.ends - run.begins >= MIN_PROOF


def _choice_of(run: Run) -> Choice:
    value = run.value
    assert value is not None
    return Choice(value, run.begins, run.basis, run.source, run.not_before)


def _values(choices: Mapping[str, Choice]) -> dict[str, Value]:
    return {path: choice.value for path, choice in choices.items()}
