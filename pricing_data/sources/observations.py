"""Old releases of a source as offers: what a release stated, from the day on which it was published.

An entry is read by the same functions as in the newest release. One that vanished ends nothing: sources delete
models that are no longer sold, and a price that was asked until then stays the last one known.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import pricing_data.history
from pricing_data.errors import DamagedCuration
from pricing_data.history import Observation, Value, read_history
from pricing_data.offers import Amounts, Offer, Reading
from pricing_data.price import Source, Tariff
from pricing_data.sources import genai_entries, litellm_entries

HISTORY = Path(pricing_data.history.__file__).parent
RELEASES = "releases.toml"

Fields = Mapping[str, Value]
State = tuple[datetime | None, Tariff]
States = Callable[[Amounts, str, Fields], Sequence[State]]


def _litellm_states(amounts: Amounts, key: str, fields: Fields) -> Sequence[State]:
    return ((None, litellm_entries.tariff_of(amounts, key, fields)),)


STATES: Mapping[str, States] = {
    "genai-prices": genai_entries.states,
    "litellm": _litellm_states,
    "tokencost": _litellm_states,
}


@dataclass(frozen=True, slots=True)
class History:
    """The observations of one package, and the sha256 of each of its releases, by version."""

    package: str
    observations: Mapping[str, Sequence[Observation]]
    sha256: Mapping[str, str]


def read(package: str, folder: Path = HISTORY) -> Reading:
    """Return the offers of all old releases of a package, by key, oldest first. Raise DamagedCuration, or OSError."""
    path = folder / f"{package.replace('-', '_')}.jsonl"
    try:
        return offers(History(package, read_history(path), _digests(folder / RELEASES, package)))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise DamagedCuration(path, package, repr(fault)) from fault


def offers(history: History) -> Reading:
    """Return the offers that the observations of a package give, by key, oldest first, and what was left out."""
    amounts = Amounts(history.package)
    found = {key: tuple(_offers(amounts, history, key)) for key in history.observations}
    return Reading(history.package, {key: offers for key, offers in found.items() if offers}, tuple(amounts.faults))


def _offers(amounts: Amounts, history: History, key: str) -> Iterator[Offer]:
    """The offers of one entry: one for each release in which anything changes that a tariff holds."""
    last: Tariff | None = None
    observations = history.observations[key]
    ends = [*(later.seen for later in observations[1:]), date.max]
    for observation, end in zip(observations, ends, strict=True):
        if observation.fields is None:
            continue
        source = Source(
            history.package, observation.version, history.sha256[observation.version], observation.provider, key
        )
        fields = _aliased(history, key, observation)
        for offer in _of_release(STATES[history.package](amounts, key, fields), source, observation, end):
            if offer.tariff.rates.input is not None and offer.tariff != last:
                last = offer.tariff
                yield offer


def _of_release(found: Sequence[State], source: Source, observation: Observation, end: date) -> Iterator[Offer]:
    """What a release stated while it was the newest, and what it dated itself since the release before it.

    A date that the release gives for an earlier time was not seen by the releases of that time: it is taken as
    observed with this one.
    """
    seen, not_before = _midnight(observation.seen), observation.not_before
    begun = [state for state in found if state[0] is None or state[0] <= seen]
    dated = [(since, tariff) for since, tariff in found if since and since < _midnight(end)]
    recent = [state for state in dated if not_before is not None and state[0] > _midnight(not_before)]
    if begun and not (recent and recent[0][0] <= seen):
        yield Offer(source, seen, "observed", begun[-1][1], not_before)
    for since, tariff in recent if not_before is not None else [state for state in dated if state[0] > seen]:
        yield Offer(source, since, "upstream_dated", tariff)


def _aliased(history: History, key: str, observation: Observation) -> Fields:
    """The fields of an entry, or of the entry that it was an alias of in that release."""
    fields = observation.fields or {}
    if "alias_of" not in fields:
        return fields
    target = history.observations[str(fields["alias_of"])]
    return [past.fields or {} for past in target if past.seen <= observation.seen][-1]


def _digests(path: Path, package: str) -> dict[str, str]:
    releases = tomllib.loads(path.read_text(encoding="utf-8"))["release"]
    return {release["version"]: release["sha256"] for release in releases if release["package"] == package}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
