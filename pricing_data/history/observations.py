"""Reads a history of prices: one line for each entry and release in which its price fields changed.

A line has `key`, `provider`, `seen` (day of the release that has the change), `not_before` (day of the
release before it, which does not have it; null for the first release), `version`, and `fields`: each
changed field with its new value, or null where it is gone. `fields` is null where the whole entry is gone.
Field names, units and structure are the source's own. Numbers are decimal strings.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pricing_data.errors import DamagedCuration

Value: TypeAlias = str | tuple["Value", ...] | Mapping[str, "Value"]
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
    fields: Mapping[str, Value] | None


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


def _frozen(name: str, value: object) -> Value:
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
