"""Old releases of a source as offers: what a release stated, from the day on which it was published.

An entry is read by the same functions as in the newest release. One that vanished ends nothing: sources delete
models that are no longer sold, and a price that was asked until then stays the last one known.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pricing_data.data import DATA
from pricing_data.errors import DamagedCuration
from pricing_data.price import PriceSource, Tariff
from pricing_data.refresh.source_snapshot import AmountReader, DatedTariff, EntryFields, Offer, SourceSnapshot
from pricing_data.refresh.sources import genai_entries
from pricing_data.refresh.sources import litellm as litellm

FieldValue: TypeAlias = str | tuple["FieldValue", ...] | Mapping[str, "FieldValue"]
LINE_FIELDS = {"key", "provider", "seen", "not_before", "version", "fields"}
# Fields of these names are amounts, or are made of amounts.
AMOUNT_FIELD = re.compile(r"cost|_mtok$|_kcount$|_kpages$|_hours$|multiplier", re.ASCII)
DECIMAL = re.compile(r"\d+(\.\d+)?|-\d+(\.\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Observation:
    """The price fields of an entry from one release on, until its next observation.

    The change was published after the release of `not_before` and no later than that of `seen`. `fields` is
    the whole state of the entry, None if the entry is gone. `not_before` is None in a source's first release.
    """

    seen: date
    not_before: date | None
    version: str
    provider: str
    fields: Mapping[str, FieldValue] | None


HISTORY = DATA / "history"
RELEASES = "releases.toml"

EntryReader = Callable[[AmountReader, str, EntryFields], Sequence[DatedTariff]]


def _read_litellm(amounts: AmountReader, key: str, fields: EntryFields) -> Sequence[DatedTariff]:
    return ((None, litellm.tariff_of(amounts, key, fields)),)


READERS: Mapping[str, EntryReader] = {
    "genai-prices": genai_entries.states,
    "litellm": _read_litellm,
    "tokencost": _read_litellm,
}


@dataclass(frozen=True, slots=True)
class PackageHistory:
    """The observations of one package, and the sha256 of each of its releases, by version."""

    package: str
    observations: Mapping[str, Sequence[Observation]]
    sha256: Mapping[str, str]


def read(package: str, folder: Path = HISTORY) -> SourceSnapshot:
    """Return the offers of all old releases of a package, by key, oldest first. Raise DamagedCuration, or OSError."""
    path = folder / f"{package.replace('-', '_')}.jsonl"
    try:
        return offers(PackageHistory(package, read_history(path), _digests(folder / RELEASES, package)))
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as fault:
        raise DamagedCuration(path, package, repr(fault)) from fault


def offers(history: PackageHistory) -> SourceSnapshot:
    """Return the offers that the observations of a package give, by key, oldest first, and what was left out."""
    amounts = AmountReader(history.package)
    found = {key: tuple(_offers(amounts, history, key)) for key in history.observations}
    return SourceSnapshot(
        history.package, {key: offers for key, offers in found.items() if offers}, tuple(amounts.faults)
    )


def _offers(amounts: AmountReader, history: PackageHistory, key: str) -> Iterator[Offer]:
    """The offers of one entry: one for each release in which anything changes that a tariff holds."""
    last: Tariff | None = None
    observations = history.observations[key]
    ends = [*(later.seen for later in observations[1:]), date.max]
    for observation, end in zip(observations, ends, strict=True):
        if observation.fields is None:
            continue
        source = PriceSource(
            history.package, observation.version, history.sha256[observation.version], observation.provider, key
        )
        fields = _aliased(history, key, observation)
        for offer in _of_release(READERS[history.package](amounts, key, fields), source, observation, end):
            if offer.tariff.rates.input is not None and offer.tariff != last:
                last = offer.tariff
                yield offer


def _of_release(
    found: Sequence[DatedTariff], source: PriceSource, observation: Observation, end: date
) -> Iterator[Offer]:
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


def _aliased(history: PackageHistory, key: str, observation: Observation) -> EntryFields:
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


def read_history(path: Path) -> Mapping[str, tuple[Observation, ...]]:
    """Return the observations of each entry, oldest first. Raise DamagedCuration with the line, or OSError."""
    found: dict[str, list[Observation]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            key, change = _parse(line)
            earlier = found.setdefault(key, [])
            earlier.append(_applied(earlier[-1] if earlier else None, change))
        except (ValueError, TypeError) as fault:
            raise DamagedCuration(path, f"line {number}", str(fault)) from fault
    return MappingProxyType({key: tuple(observations) for key, observations in found.items()})


def _parse(line: str) -> tuple[str, Observation]:
    """Return the key of a line, and its change as an observation whose `fields` are only those changed."""
    raw: Any = json.loads(line)
    if not isinstance(raw, dict) or set(raw) != LINE_FIELDS:
        raise ValueError(f"a line has the properties {', '.join(sorted(LINE_FIELDS))}, and no others")
    for name in ("key", "provider", "seen", "version"):
        if not isinstance(raw[name], str) or not raw[name]:
            raise ValueError(f"{name!r} must be a text, not {raw[name]!r:.80}")
    seen = date.fromisoformat(raw["seen"])
    not_before = None if raw["not_before"] is None else date.fromisoformat(raw["not_before"])
    if not_before is not None and not_before >= seen:
        raise ValueError(f"'not_before' {not_before} is not before 'seen' {seen}")
    return raw["key"], Observation(seen, not_before, raw["version"], raw["provider"], _changes(raw["fields"]))


def _changes(raw: object) -> Any:
    if raw is None:
        return None
    if not isinstance(raw, dict) or not raw:
        raise ValueError(f"'fields' must name a change, or be null, not {raw!r:.80}")
    return {name: None if value is None else _frozen(name, value) for name, value in raw.items()}


def _frozen(name: str, value: object) -> FieldValue:
    """Return a value that cannot be changed; `name` is that of the innermost property around it."""
    match value:
        case str() if DECIMAL.fullmatch(value) or (value and not AMOUNT_FIELD.search(name)):
            return value
        case list():
            return tuple(_frozen(name, item) for item in value)
        case dict():
            return MappingProxyType({inner: _frozen(inner, item) for inner, item in value.items()})
    raise ValueError(f"{name!r} cannot be {value!r:.80}")


def _applied(before: Observation | None, change: Observation) -> Observation:
    """Return the state that a change leads to. Raise ValueError if it does not follow from the state before."""
    state = dict(before.fields or {}) if before else {}
    if before is not None and change.seen <= before.seen:
        raise ValueError(f"'seen' {change.seen} is not after the entry's line before it, {before.seen}")
    if change.fields is None:
        if before is None or before.fields is None:
            raise ValueError("the entry is gone before it is there")
        return change
    for name, value in change.fields.items():
        if state.get(name) == value:
            raise ValueError(f"{name!r} does not change")
        if value is None:
            del state[name]
        else:
            state[name] = value
    if not state:
        raise ValueError("an entry without prices is gone: 'fields' must be null")
    return Observation(change.seen, change.not_before, change.version, change.provider, MappingProxyType(state))
