"""A history replays to exactly what each release said, and says when each change was published."""

import json
from datetime import date
from pathlib import Path

import pytest

from pricing_data.errors import BadSource
from pricing_data.refresh.sources.past_releases import read_history
from scripts.price_history.__main__ import CACHE, HISTORY, PINS, state_of
from scripts.price_history.changes import text
from scripts.price_history.releases import MEMBERS, Release, read_releases
from scripts.price_history.states import Entry, State

DAYS = (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))


def release(day: date) -> Release:
    """A release of one day."""
    return Release("litellm", f"1.{day.month}", day, "upload", "a.whl", "", "")


def replayed(folder: Path, *states: State) -> list[dict[str, object]]:
    """The whole states that the history of some releases gives back, one for each release."""
    path = folder / "history.jsonl"
    path.write_text(text(zip(map(release, DAYS), states, strict=False)), encoding="utf-8")
    histories = read_history(path)
    return [
        {key: seen[-1].fields for key, found in histories.items() if (seen := [o for o in found if o.seen <= day])}
        for day in DAYS[: len(states)]
    ]


def test_a_history_gives_back_what_each_release_said(tmp_path: Path) -> None:
    first = {"a": Entry("x", {"cost": "1"}), "b": Entry("x", {"cost": "2"})}
    second = {"a": Entry("x", {"cost": "1"}), "b": Entry("x", {"cost": "3", "batch_cost": "1"})}
    third = {"a": Entry("x", {"batch_cost": "1"}), "c": Entry("x", {"cost": "4"})}
    assert replayed(tmp_path, first, second, third) == [
        {"a": {"cost": "1"}, "b": {"cost": "2"}},
        {"a": {"cost": "1"}, "b": {"cost": "3", "batch_cost": "1"}},
        {"a": {"batch_cost": "1"}, "b": None, "c": {"cost": "4"}},
    ]


def test_only_changes_are_written_with_the_releases_around_them() -> None:
    states: list[State] = [{"a": Entry("x", {"cost": "1"})}, {"a": Entry("y", {"cost": "1"})}, {}]
    first, gone = map(json.loads, text(zip(map(release, DAYS), states, strict=True)).splitlines())
    assert (first["seen"], first["not_before"], first["version"]) == ("2026-01-01", None, "1.1")
    assert gone == {
        "key": "a",
        "provider": "y",
        "seen": "2026-03-01",
        "not_before": "2026-02-01",
        "version": "1.3",
        "fields": None,
    }


@pytest.mark.parametrize("package", MEMBERS)
def test_the_newest_release_is_what_the_committed_history_leads_to(package: str) -> None:
    newest = read_releases(PINS)[package][-1]
    try:
        state, sold = state_of(CACHE, newest)
    except BadSource:
        pytest.skip("the releases are not here: python -m scripts.price_history fetch")
    found = read_history(HISTORY / f"{package.replace('-', '_')}.jsonl")
    now = {key: json.dumps(state[key].fields, sort_keys=True) for key in found if key in state}
    held = {key: json.dumps(_thawed(seen[-1].fields), sort_keys=True) for key, seen in found.items() if seen[-1].fields}
    assert held == now
    assert package == "tokencost" or {key for key in sold if key in state} <= set(found)


def _thawed(value: object) -> object:
    match value:
        case str() | None:
            return value
        case tuple():
            return [_thawed(item) for item in value]
    return {name: _thawed(item) for name, item in dict(value).items()}  # type: ignore[call-overload]
