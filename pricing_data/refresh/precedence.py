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
from pricing_data.refresh.chosen_values import ChosenValue, chosen_from, values_in, with_standard_bounds
from pricing_data.refresh.decisions import decision_for
from pricing_data.refresh.evidence import Evidence
from pricing_data.refresh.provider_rules import values_from_rules
from pricing_data.refresh.source_history import (
    ALWAYS,
    DATED,
    DOCUMENTED,
    PRIMARY,
    PRIMARY_BEFORE,
    SECONDARY,
    SourceHistory,
    ValuePeriod,
)
from pricing_data.refresh.tariff_values import INPUT, SCHEDULE, TIER, PathValue, in_order, place_of

RULES = "rules"
# Who is asked for a value, in this order, where no source has a newer dated change.
ORDER = (PRIMARY, DATED, PRIMARY_BEFORE, SECONDARY)
# A value that only one source was seen to state counts as the past of another one if it stood so long.
MIN_PROOF = timedelta(days=30)
# A public list takes a new model in so long after its release at most.
MAX_LISTING_DELAY = timedelta(days=60)


def states(evidence: Evidence) -> list[tuple[datetime, dict[str, ChosenValue]]]:
    """Return each instant at which anything changes, with all values that hold from then on, oldest first."""
    chooser = _ValueChooser(evidence)
    found: list[tuple[datetime, dict[str, ChosenValue]]] = []
    for at in chooser.instants:
        choices = chooser.choices(at)
        if INPUT in choices and (not found or values_in(found[-1][1]) != values_in(choices)):
            found.append((at, choices))
    return found


class _ValueChooser:
    """Chooses the values of one model at any instant."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        named = evidence.sources
        self.sources = [named[name] for name in sorted(named, key=_place)]
        if PRIMARY not in named:  # a model that the primary has dropped: its last word may be stale
            self.sources.sort(key=lambda source: source.name == PRIMARY_BEFORE)
        self.primary, self.history = named.get(PRIMARY), named.get(DATED)
        paths = [path for source in self.sources for path in source.periods]
        paths += [decision.path for decision in evidence.decisions if not decision.path.endswith("*")]
        self.paths = in_order(dict.fromkeys(paths, ()))
        self.instants = self._instants()
        self.input = [(at, self._decided(INPUT, at, self.sources)) for at in self.instants]

    def _instants(self) -> list[datetime]:
        """Return the instants at which a value may change, oldest first: of periods, decisions and rules."""
        if not self.sources:
            return []
        marks = {period.begins for source in self.sources for found in source.periods.values() for period in found}
        marks |= {mark for decision in self.evidence.decisions for mark in (decision.since, decision.until) if mark}
        marks |= {rule.since for rule in self.evidence.rules}
        begins = self.evidence.begins
        return sorted({max(mark, begins) for mark in marks} | {begins})

    def choices(self, at: datetime) -> dict[str, ChosenValue]:
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

    def _input_at(self, at: datetime) -> ChosenValue | None:
        return [choice for mark, choice in self.input if mark <= at][-1]

    def _with_rules(self, at: datetime, found: dict[str, ChosenValue]) -> dict[str, ChosenValue]:
        for path, value, rule in values_from_rules(self.evidence.rules, values_in(found), at):
            decision = decision_for(self.evidence.decisions, path, at)
            if decision is None or decision.take == RULES:
                found[path] = ChosenValue(value, rule.since, "documented", rule.source)
        return found

    def _decided(self, path: str, at: datetime, among: Sequence[SourceHistory]) -> ChosenValue | None:
        """Return what a person has decided of a path, else its value by precedence among some sources."""
        decision = decision_for(self.evidence.decisions, path, at)
        if decision is None:
            return self._choice(path, at, among)
        if decision.value is not None:
            return ChosenValue(decision.value, decision.since or ALWAYS, "override", decision.source)
        source = self.evidence.sources.get(decision.take or "")
        return self._choice(path, at, [source]) if source else None

    def _among(
        self, path: str, at: datetime, coherent: list[SourceHistory], known: dict[str, tuple[int, ...]]
    ) -> list[SourceHistory]:
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
        self, path: str, at: datetime, among: list[SourceHistory], found: Mapping[str, ChosenValue]
    ) -> list[SourceHistory]:
        """Return the sources that may state a rate of a tier or service: those with the same one below it as holds."""
        place = place_of(path)
        if place is None or (not place.above_tokens and place.service == STANDARD):
            return among
        below = path_of(place.rate, place.service if place.above_tokens else STANDARD)
        held = found.get(below)
        periods = ((source, self._period(source, below, at)) for source in among)
        return [source for source, period in periods if held is None or period is None or period.value == held.value]

    def _bounds(self, service: str, at: datetime, coherent: Iterable[SourceHistory]) -> tuple[int, ...]:
        """Return the bounds of the first source that has tiers; none where a source dates that they ended.

        A tier without rates, which says that long calls are of unknown price, counts unless an earlier source prices
        calls of every length.
        """
        of_every_length = False
        for source in coherent:
            reached = self._reached(source, at)
            found = source.bounds(service, reached)
            unknown = [bound for bound in found if source.period(path_of(TIER, service, bound), reached)]
            if found and not (of_every_length and len(unknown) == len(found)):
                return found
            of_every_length |= not found and source.period(path_of(INPUT, service), reached) is not None
            if source.had_tiers(service, at):
                return ()
        return ()

    def _coherent(self, source: SourceHistory, at: datetime, value: PathValue) -> bool:
        """Return whether a source asks the input price that holds, and before its first listing holds until then."""
        period = source.period(INPUT, self._reached(source, at))
        if period is None or period.value != value:
            return False
        return all(choice and choice.value == value for mark, choice in self.input if at < mark <= source.begins)

    def _choice(self, path: str, at: datetime, among: Sequence[SourceHistory]) -> ChosenValue | None:
        """Return the value of a path by precedence among some sources."""
        if path == SCHEDULE and (period := self._most_precise(at, among)):
            return chosen_from(period)
        own = self.primary.period(path, at) if self.primary and self.primary in among else None
        change = self._change(path, at) if self.history in among else None
        if own and own.begins != ALWAYS and not (change and change.begins > own.begins and change.value != own.value):
            return chosen_from(own)
        if own and change and own.value == change.value:
            return replace(chosen_from(change), source=own.source)
        if change:
            return chosen_from(change)
        if own:
            return self._undated(path, at, own, among)
        return next((chosen_from(period) for source in among if (period := self._period(source, path, at))), None)

    def _most_precise(self, at: datetime, among: Iterable[SourceHistory]) -> ValuePeriod | None:
        """Return the first schedule that names weekdays or holidays: who states one without has left them out."""
        periods = (period for source in among if (period := self._period(source, SCHEDULE, at)))
        return next((period for period in periods if _names_days(period.value)), None)

    def _change(self, path: str, at: datetime) -> ValuePeriod | None:
        """Return the newest change of model-prices in effect, from one stated value to another.

        A change that is only seen in a public list must have stood for some time, or be stated by another source.
        """
        history = self.history
        period = history.period(path, at) if history else None
        if history is None or period is None:
            return None
        before = [old for old, new in pairwise(history.periods[path]) if new is period and old.value is not None]
        proven = period.basis in DOCUMENTED or _lasts(period) or self._confirmed(history, path, period)
        return period if before and proven else None

    def _undated(self, path: str, at: datetime, own: ValuePeriod, among: Sequence[SourceHistory]) -> ChosenValue:
        """Return the primary's value that has no day, dated by who saw it; or another that held before it."""
        others = [source for source in self.sources if source is not self.primary]
        first = min((period.begins for source in others if (period := source.first(path))), default=at)
        moment = max(at, first)
        stated = [(source, period) for source in others if (period := source.period(path, moment))]
        same = [period for _, period in stated if period.value == own.value and period.begins <= at]
        if not any(period.value == own.value for _, period in stated):
            periods = ((source, period) for source in others for period in source.periods.get(path, ()))
            proven = [period for source, period in periods if self._proves(source, path, period, own)]
            until = {period.value: period.ends for period in sorted(proven, key=_period_ends)}
            for source, period in stated:
                if source in among and period.value in until and (until[period.value] or moment) >= moment:
                    return chosen_from(period)
        if same:
            seen = min(same, key=lambda period: (period.basis not in DOCUMENTED, period.begins))
            return ChosenValue(own.value or (), seen.begins, seen.basis, own.source, seen.not_before)
        return chosen_from(own)

    def _proves(self, source: SourceHistory, path: str, period: ValuePeriod, own: ValuePeriod) -> bool:
        """Return whether another value held before the primary's: it stood for some time, and its source changed it."""
        if period.value is None or period.value == own.value:
            return False
        later = [other for other in source.periods[path] if other.begins > period.begins and other.value is not None]
        followed = source.name == PRIMARY_BEFORE or any(other.value == own.value for other in later)
        changed = source.name == DATED and bool(later)
        return (followed or changed) and (_lasts(period) or self._confirmed(source, path, period))

    def _confirmed(self, source: SourceHistory, path: str, period: ValuePeriod) -> bool:
        """Return whether another source stated the same value at any time at which this one did."""
        periods = (other for one in self.sources if one is not source for other in one.periods.get(path, ()))
        return any(other.value == period.value and _overlap(other, period) for other in periods)

    def _period(self, source: SourceHistory, path: str, at: datetime) -> ValuePeriod | None:
        """Return what a source states, before its first listing what that states; of input only if it is the first."""
        if path == INPUT and at < source.begins:
            first = min(self.sources, key=lambda one: one.begins if one.begins != ALWAYS else source.begins)
            return source.period(path, self._reached(source, at)) if source.begins <= first.begins else None
        return source.period(path, self._reached(source, at))

    def _reached(self, source: SourceHistory, at: datetime) -> datetime:
        """Return the instant for which a source is asked: before its first listing, that of the listing.

        A list that dates its entries, and began with the model long after its release, is not asked about before.
        """
        begins, release = source.begins, self.evidence.release
        if release is None or not release <= at < begins:
            return at
        return at if source.name == DATED and begins - release > MAX_LISTING_DELAY else begins


def _place(name: str) -> tuple[int, str]:
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def _names_days(value: PathValue | None) -> bool:
    return isinstance(value, tuple) and any(window.weekdays or window.holidays for window in value)


def _lasts(period: ValuePeriod) -> bool:
    return period.ends is None or period.ends - period.begins >= MIN_PROOF


def _overlap(one: ValuePeriod, other: ValuePeriod) -> bool:
    return (one.ends is None or other.begins < one.ends) and (other.ends is None or one.begins < other.ends)


def _period_ends(period: ValuePeriod) -> tuple[bool, datetime]:
    return period.ends is None, period.ends or period.begins
