"""Converts the states of a source's releases to the lines of its history."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from scripts.price_history.releases import Release
from scripts.price_history.states import Entry, Json, State


def text(states: Iterable[tuple[Release, State]]) -> str:
    """Return a history as JSON lines, by release and key. `states` are in the order of their releases."""
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines(states))


def lines(states: Iterable[tuple[Release, State]]) -> Iterator[dict[str, object]]:
    """Return a line for each entry whose price fields are not as in the release before."""
    before: State = {}
    day: date | None = None
    for release, state in states:
        for key in sorted(before.keys() | state.keys()):
            changes = _changes(before.get(key), state.get(key))
            if changes != {}:
                provider = (state.get(key) or before[key]).provider
                yield {
                    "key": key,
                    "provider": provider,
                    "seen": release.day.isoformat(),
                    "not_before": day and day.isoformat(),
                    "version": release.version,
                    "fields": changes,
                }
        before, day = state, release.day


def _changes(before: Entry | None, after: Entry | None) -> Mapping[str, Json | None] | None:
    """Return the fields that differ, null where one is gone; None if the entry is gone."""
    if after is None:
        return None
    old = before.fields if before else {}
    changed: dict[str, Json | None] = {name: value for name, value in after.fields.items() if old.get(name) != value}
    return {**changed, **{name: None for name in old if name not in after.fields}}
