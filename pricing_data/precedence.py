"""Which source's price holds from which day. The newest dated change wins; nobody votes.

1. a cited override, while the sources say what it replaces
2. the newest dated change in effect, of the primary or of the history
3. the primary (genai-prices)
4. the secondary (LiteLLM)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from pricing_data.curation import Upstream
from pricing_data.offers import Offer, Reading, changed, contradicts, same_price
from pricing_data.price import RATE_FIELDS, Opinion, Price, Rates, Tariff, Window

PRIMARY, SECONDARY, HISTORY = "genai-prices", "litellm", "model-prices"
# A price announced for later is left out until a refresh still finds it this near its day.
FORESIGHT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Step:
    """A tariff and the day from which it holds."""

    since: date
    basis: str
    offer: Offer


@dataclass(frozen=True, slots=True)
class Told:
    """What one source says of one model: its runs of one price each, oldest first."""

    runs: tuple[Offer, ...]

    @property
    def dated(self) -> tuple[Offer, ...]:
        return tuple(run for run in self.runs if run.since is not None)

    def at(self, day: date) -> Offer | None:
        """The run in effect on a day; a run without a date held before every dated one."""
        held = [run for run in self.runs if run.day is None or run.day <= day]
        return held[-1] if held else None


def told(upstream: Upstream, readings: Mapping[str, Reading]) -> dict[str, Told]:
    """What each source says, by package; a source that does not sell the model is not in it."""
    found = {package: readings[package].offers.get(key, ()) for package, key in upstream.ids.items()}
    return {package: Told(_runs(offers)) for package, offers in found.items() if offers}


def steps(upstream: Upstream, sources: Mapping[str, Told], today: date) -> list[Step]:
    """The dated prices of one model by precedence, oldest first. Later ones than today are among them."""
    primary, history = sources.get(PRIMARY), sources.get(HISTORY)
    told_by_history = [_in_words_of(primary, step) for step in _dated(history)]
    events = sorted([*_dated(primary), *told_by_history], key=lambda step: step.since)  # stable: primary first
    if primary and upstream.priced_from and primary.runs[0].since is None:
        events.insert(0, Step(upstream.priced_from, "documented", primary.runs[0]))
    found = _walk(events, _tier_turns(primary))
    if primary is None:
        return found or [Step(today, "first_observed", run) for run in _last(sources.get(SECONDARY))]
    current = primary.at(today)
    if current is not None and current.since is None:
        return _with_undated(found, current, history, today)
    return found


def opinions(
    step: Step, until: date | None, sources: Mapping[str, Told], today: date
) -> tuple[tuple[Opinion, ...], str]:
    """What the other sources said while a step held (`until` exclusive, None: still), and its state."""
    given: list[tuple[str, Offer]] = []
    for package, source in sources.items():
        undated = len(source.runs) == 1 and source.runs[0].since is None
        offer = source.at((until - timedelta(days=1)) if until else max(today, step.since))
        if package != step.offer.source.package and offer and not (until and undated):
            given.append((package, offer))
    values = tuple(
        Opinion(package, rates.input, rates.output)
        for package, offer in given
        if (rates := offer.tariff.rates).input is not None
    )
    if not values:
        return (), "single"
    agreed = all(_agrees(step.offer.tariff, offer.tariff.rates) for _, offer in given)
    return values, "agreed" if agreed else "disputed"


def _agrees(tariff: Tariff, rates: Rates) -> bool:
    """Whether another source asks the same; a source without hours may give those of any hour."""
    hours: tuple[Window, ...] = tariff.schedule
    return any(same_price(own, rates) for own in (tariff.rates, *(window.rates for window in hours)))


def prices(upstream: Upstream, found: Sequence[Step], sources: Mapping[str, Told], today: date) -> list[Price]:
    """The steps as rows of a book recorded today."""
    rows: list[Price] = []
    for place, step in enumerate(found, start=1):
        until = found[place].since if place < len(found) else None
        values, state = opinions(step, until, sources, today)
        basis = f"host:{upstream.host}" if upstream.host else step.basis
        offer = step.offer
        rows.append(Price(upstream.model, step.since, basis, offer.tariff, offer.source, values, state, today))
    return rows


def _runs(offers: Iterable[Offer]) -> tuple[Offer, ...]:
    """Successive offers that contradict each other nowhere become one, with all that any of them knows.

    Of offers from the same day the last one holds: the others were mended within hours.
    """
    runs: list[Offer] = []
    by_day = {offer.day: offer for offer in offers}
    for offer in by_day.values():
        if runs and not contradicts(runs[-1].tariff, offer.tariff):
            runs[-1] = replace(runs[-1], tariff=_joined(runs[-1].tariff, offer.tariff))
        else:
            runs.append(offer)
    return tuple(runs)


def _joined(old: Tariff, new: Tariff) -> Tariff:
    known = {name: getattr(new.rates, name) or getattr(old.rates, name) for name in RATE_FIELDS}
    return Tariff(Rates(**known), new.tiers, new.services or old.services, new.schedule or old.schedule)


def _dated(source: Told | None) -> list[Step]:
    return [Step(run.day, run.basis, run) for run in source.dated if run.day] if source else []


def _in_words_of(primary: Told | None, step: Step) -> Step:
    """The history's step, with the primary's offer of that day if this one knows tiers that the history does not.

    Both must ask the same, and the primary must date its changes: else its tiers may be of today only.
    """
    own = primary.at(step.since) if primary and len(primary.runs) > 1 else None
    if own is None or step.offer.tariff.tiers or not own.tariff.tiers:
        return step
    return replace(step, offer=own) if same_price(own.tariff.rates, step.offer.tariff.rates) else step


def _last(source: Told | None) -> tuple[Offer, ...]:
    return source.runs[-1:] if source else ()


def _tier_turns(primary: Told | None) -> frozenset[date]:
    """The days on which the primary says that tiers began or ended."""
    pairs = pairwise(primary.runs) if primary else ()
    return frozenset(new.day for old, new in pairs if new.day and bool(old.tariff.tiers) != bool(new.tariff.tiers))


def _walk(events: Iterable[Step], tier_turns: frozenset[date]) -> list[Step]:
    """Only the events that change the price; the primary's telling of a change is preferred."""
    found: list[Step] = []
    for event in events:
        turns = event.since in tier_turns and event.offer.source.package == PRIMARY
        if not found or _changes(found[-1], event) or (turns and _turns(found[-1], event)):
            found.append(event)
        elif event.offer.source.package == PRIMARY:
            found[-1] = replace(found[-1], offer=event.offer)
    return found


def _changes(before: Step, event: Step) -> bool:
    old, new = before.offer, event.offer
    newer = event.since > before.since
    return newer and changed(old.tariff, old.source.package, new.tariff, new.source.package)


def _turns(before: Step, event: Step) -> bool:
    return event.since > before.since and bool(before.offer.tariff.tiers) != bool(event.offer.tariff.tiers)


def _with_undated(found: list[Step], undated: Offer, history: Told | None, today: date) -> list[Step]:
    """The primary's price of today has no date: it takes the history's, if both ask the same."""
    past = [step for step in found if step.since <= today]
    ahead = found[len(past) :]
    if past and same_price(past[-1].offer.tariff.rates, undated.tariff.rates):
        return [*past[:-1], replace(past[-1], offer=undated), *ahead]
    if past and history is not None and len(history.runs) > 1:
        return found
    return [Step(today, "first_observed", undated), *ahead]
