"""Which source's value of a path holds at an instant. There is no voting.

1. a decision of a person, cited or with its reason
2. the newest dated change in effect: of the primary, or of model-prices
3. what the primary (genai-prices) states without a day: it is stated of all the past, except where observations
   prove that the value was another one before
4. model-prices, then old releases of the primary, then LiteLLM
5. a cited rule of the provider

A source supplies other rates only while its input price is the one that holds: rates of two prices are never mixed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from pricing_data.price import STANDARD
from pricing_data.rate_paths import path_of
from pricing_data.refresh.chosen_values import Choice, choice_of, values_in, with_standard_bounds
from pricing_data.refresh.decisions import decision_for
from pricing_data.refresh.evidence import Evidence
from pricing_data.refresh.provider_rules import ruled
from pricing_data.refresh.source_history import (
    ALWAYS,
    DATED,
    DOCUMENTED,
    PRIMARY,
    PRIMARY_BEFORE,
    SECONDARY,
    Run,
    SourceTimeline,
)
from pricing_data.refresh.tariff_values import INPUT, SCHEDULE, TIER, Value, in_order, place_of

RULES = "rules"
# Who is asked for a value, in this order, where no source has a newer dated change.
ORDER = (PRIMARY, DATED, PRIMARY_BEFORE, SECONDARY)
# A value that only one source was seen to state counts as the past of another one if it stood so long.
MIN_PROOF = timedelta(days=30)
# A public list takes a new model in so long after its release at most.
MAX_LISTING_DELAY = timedelta(days=60)


def states(evidence: Evidence) -> list[tuple[datetime, dict[str, Choice]]]:
    """Return each instant at which anything changes, with all values that hold from then on, oldest first."""
    chooser = _Chooser(evidence)
    found: list[tuple[datetime, dict[str, Choice]]] = []
    for at in chooser.instants:
        choices = chooser.choices(at)
        if INPUT in choices and (not found or values_in(found[-1][1]) != values_in(choices)):
            found.append((at, choices))
    return found


class _Chooser:
    """Chooses the values of one model at any instant."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        named = evidence.sources
        self.sources = [named[name] for name in sorted(named, key=_place)]
        if PRIMARY not in named:  # a model that the primary has dropped: its last word may be stale
            self.sources.sort(key=lambda source: source.name == PRIMARY_BEFORE)
        self.primary, self.history = named.get(PRIMARY), named.get(DATED)
        paths = [path for source in self.sources for path in source.runs]
        paths += [decision.path for decision in evidence.decisions if not decision.path.endswith("*")]
        self.paths = in_order(dict.fromkeys(paths, ()))
        self.instants = self._instants()
        self.input = [(at, self._decided(INPUT, at, self.sources)) for at in self.instants]

    def _instants(self) -> list[datetime]:
        """Return the instants at which a value may change, oldest first: of runs, decisions and rules."""
        if not self.sources:
            return []
        marks = {run.begins for source in self.sources for found in source.runs.values() for run in found}
        marks |= {mark for decision in self.evidence.decisions for mark in (decision.since, decision.until) if mark}
        marks |= {rule.since for rule in self.evidence.rules}
        begins = self.evidence.begins
        return sorted({max(mark, begins) for mark in marks} | {begins})

    def choices(self, at: datetime) -> dict[str, Choice]:
        """Return the value of each path at an instant."""
        chosen = self._input_at(at)
        if chosen is None:
            return {}
        coherent = [source for source in self.sources if self._coherent(source, at, chosen.value)]
        found = {INPUT: chosen}
        bounds: dict[str, tuple[int, ...]] = {}
        for path in self.paths:
            if path == INPUT:
                continue
            among = self._among(path, at, coherent, bounds)
            if choice := self._decided(path, at, self._with_base(path, at, among, found)):
                found[path] = choice
        return self._with_rules(at, with_standard_bounds(found))

    def _input_at(self, at: datetime) -> Choice | None:
        return [choice for mark, choice in self.input if mark <= at][-1]

    def _with_rules(self, at: datetime, found: dict[str, Choice]) -> dict[str, Choice]:
        for path, value, rule in ruled(self.evidence.rules, values_in(found), at):
            decision = decision_for(self.evidence.decisions, path, at)
            if decision is None or decision.take == RULES:
                found[path] = Choice(value, rule.since, "documented", rule.source)
        return found

    def _decided(self, path: str, at: datetime, among: Sequence[SourceTimeline]) -> Choice | None:
        """Return what a person has decided of a path, else its value by precedence among some sources."""
        decision = decision_for(self.evidence.decisions, path, at)
        if decision is None:
            return self._choice(path, at, among)
        if decision.value is not None:
            return Choice(decision.value, decision.since or ALWAYS, "override", decision.source)
        source = self.evidence.sources.get(decision.take or "")
        return self._choice(path, at, [source]) if source else None

    def _among(
        self, path: str, at: datetime, coherent: list[SourceTimeline], known: dict[str, tuple[int, ...]]
    ) -> list[SourceTimeline]:
        """Return the sources that may state a path: of a tier's, those that have exactly the tiers that hold."""
        place = place_of(path)
        if place is None or not place.above_tokens:
            return coherent
        service = place.service
        if service not in known:
            known[service] = self._bounds(service, at, coherent)
        if place.above_tokens not in known[service]:
            return []
        return [source for source in coherent if source.bounds(service, self._reached(source, at)) == known[service]]

    def _with_base(
        self, path: str, at: datetime, among: list[SourceTimeline], found: Mapping[str, Choice]
    ) -> list[SourceTimeline]:
        """Return the sources that may state a rate of a tier or service: those with the same one below it as holds."""
        place = place_of(path)
        if place is None or (not place.above_tokens and place.service == STANDARD):
            return among
        below = path_of(place.rate, place.service if place.above_tokens else STANDARD)
        held = found.get(below)
        runs = ((source, self._run(source, below, at)) for source in among)
        return [source for source, run in runs if held is None or run is None or run.value == held.value]

    def _bounds(self, service: str, at: datetime, coherent: Iterable[SourceTimeline]) -> tuple[int, ...]:
        """Return the bounds of the first source that has tiers; none where a source dates that they ended.

        A tier without rates, which says that long calls are of unknown price, counts unless an earlier source prices
        calls of every length.
        """
        of_every_length = False
        for source in coherent:
            reached = self._reached(source, at)
            found = source.bounds(service, reached)
            unknown = [bound for bound in found if source.run(path_of(TIER, service, bound), reached)]
            if found and not (of_every_length and len(unknown) == len(found)):
                return found
            of_every_length |= not found and source.run(path_of(INPUT, service), reached) is not None
            if source.had_tiers(service, at):
                return ()
        return ()

    def _coherent(self, source: SourceTimeline, at: datetime, value: Value) -> bool:
        """Return whether a source asks the input price that holds, and before its first listing holds until then."""
        run = source.run(INPUT, self._reached(source, at))
        if run is None or run.value != value:
            return False
        return all(choice and choice.value == value for mark, choice in self.input if at < mark <= source.begins)

    def _choice(self, path: str, at: datetime, among: Sequence[SourceTimeline]) -> Choice | None:
        """Return the value of a path by precedence among some sources."""
        if path == SCHEDULE and (run := self._most_precise(at, among)):
            return choice_of(run)
        own = self.primary.run(path, at) if self.primary and self.primary in among else None
        change = self._change(path, at) if self.history in among else None
        if own and own.begins != ALWAYS and not (change and change.begins > own.begins and change.value != own.value):
            return choice_of(own)
        if own and change and own.value == change.value:
            return replace(choice_of(change), source=own.source)
        if change:
            return choice_of(change)
        if own:
            return self._undated(path, at, own, among)
        return next((choice_of(run) for source in among if (run := self._run(source, path, at))), None)

    def _most_precise(self, at: datetime, among: Iterable[SourceTimeline]) -> Run | None:
        """Return the first schedule that names weekdays or holidays: who states one without has left them out."""
        runs = (run for source in among if (run := self._run(source, SCHEDULE, at)))
        return next((run for run in runs if _names_days(run.value)), None)

    def _change(self, path: str, at: datetime) -> Run | None:
        """Return the newest change of model-prices in effect, from one stated value to another.

        A change that is only seen in a public list must have stood for some time, or be stated by another source.
        """
        history = self.history
        run = history.run(path, at) if history else None
        if history is None or run is None:
            return None
        before = [old for old, new in pairwise(history.runs[path]) if new is run and old.value is not None]
        proven = run.basis in DOCUMENTED or _lasts(run) or self._confirmed(history, path, run)
        return run if before and proven else None

    def _undated(self, path: str, at: datetime, own: Run, among: Sequence[SourceTimeline]) -> Choice:
        """Return the primary's value that has no day, dated by who saw it; or another that held before it."""
        others = [source for source in self.sources if source is not self.primary]
        first = min((run.begins for source in others if (run := source.first(path))), default=at)
        moment = max(at, first)
        stated = [(source, run) for source in others if (run := source.run(path, moment))]
        same = [run for _, run in stated if run.value == own.value and run.begins <= at]
        if not any(run.value == own.value for _, run in stated):
            runs = ((source, run) for source in others for run in source.runs.get(path, ()))
            proven = [run for source, run in runs if self._proves(source, path, run, own)]
            until = {run.value: run.ends for run in sorted(proven, key=_run_ends)}
            for source, run in stated:
                if source in among and run.value in until and (until[run.value] or moment) >= moment:
                    return choice_of(run)
        if same:
            seen = min(same, key=lambda run: (run.basis not in DOCUMENTED, run.begins))
            return Choice(own.value or (), seen.begins, seen.basis, own.source, seen.not_before)
        return choice_of(own)

    def _proves(self, source: SourceTimeline, path: str, run: Run, own: Run) -> bool:
        """Return whether another value held before the primary's: it stood for some time, and its source changed it."""
        if run.value is None or run.value == own.value:
            return False
        later = [other for other in source.runs[path] if other.begins > run.begins and other.value is not None]
        followed = source.name == PRIMARY_BEFORE or any(other.value == own.value for other in later)
        changed = source.name == DATED and bool(later)
        return (followed or changed) and (_lasts(run) or self._confirmed(source, path, run))

    def _confirmed(self, source: SourceTimeline, path: str, run: Run) -> bool:
        """Return whether another source stated the same value at any time at which this one did."""
        runs = (other for one in self.sources if one is not source for other in one.runs.get(path, ()))
        return any(other.value == run.value and _overlap(other, run) for other in runs)

    def _run(self, source: SourceTimeline, path: str, at: datetime) -> Run | None:
        """Return what a source states, before its first listing what that states; of input only if it is the first."""
        if path == INPUT and at < source.begins:
            first = min(self.sources, key=lambda one: one.begins if one.begins != ALWAYS else source.begins)
            return source.run(path, self._reached(source, at)) if source.begins <= first.begins else None
        return source.run(path, self._reached(source, at))

    def _reached(self, source: SourceTimeline, at: datetime) -> datetime:
        """Return the instant for which a source is asked: before its first listing, that of the listing.

        A list that dates its entries, and began with the model long after its release, is not asked about before.
        """
        begins, release = source.begins, self.evidence.release
        if release is None or not release <= at < begins:
            return at
        return at if source.name == DATED and begins - release > MAX_LISTING_DELAY else begins


def _place(name: str) -> tuple[int, str]:
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def _names_days(value: Value | None) -> bool:
    return isinstance(value, tuple) and any(window.weekdays or window.holidays for window in value)


def _lasts(run: Run) -> bool:
    return run.ends is None or run.ends - run.begins >= MIN_PROOF


def _overlap(one: Run, other: Run) -> bool:
    return (one.ends is None or other.begins < one.ends) and (other.ends is None or one.begins < other.ends)


def _run_ends(run: Run) -> tuple[bool, datetime]:
    return run.ends is None, run.ends or run.begins
