"""The committed histories of prices can be replayed, and a damaged one is refused with its line."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from pricing_data.data import DATA
from pricing_data.errors import DamagedCuration
from pricing_data.refresh.sources.past_releases import Observation, read_history

FOLDER = DATA / "history"
SOURCES = ("litellm", "tokencost", "genai_prices")


def line(key: str = "a", seen: str = "2026-02-01", **changed: object) -> dict[str, object]:
    """A line of a history with one amount."""
    fields = {"input_cost_per_token": "0.000001"}
    plain = {"key": key, "provider": "maker", "seen": seen, "not_before": None, "version": "1", "fields": fields}
    return {**plain, **changed}


def history(folder: Path, *lines: object) -> Mapping[str, tuple[Observation, ...]]:
    """Lines, written and read back."""
    path = folder / "history.jsonl"
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in lines), encoding="utf-8")
    return read_history(path)


def at(observations: tuple[Observation, ...], day: date) -> Observation:
    """The observation that holds on a day."""
    return [found for found in observations if found.seen <= day][-1]


@pytest.mark.parametrize("source", SOURCES)
def test_a_committed_history_is_whole(source: str) -> None:
    found = read_history(FOLDER / f"{source}.jsonl")
    assert len(found) > 200
    assert all(observations[0].fields for observations in found.values())


def test_the_first_release_says_nothing_of_the_time_before_it() -> None:
    found = read_history(FOLDER / "genai_prices.jsonl")
    first = min(seen[0].seen for seen in found.values())
    assert all((seen[0].not_before is None) == (seen[0].seen == first) for seen in found.values())


def test_the_price_of_gpt_4o_fell_within_the_days_that_two_releases_bound() -> None:
    seen = read_history(FOLDER / "tokencost.jsonl")["gpt-4o"]
    launched, _, lowered = seen
    assert launched.fields
    assert lowered.fields
    assert launched.fields["input_cost_per_token"] == "0.000005"
    assert lowered.fields["input_cost_per_token"] == "0.0000025"
    assert (lowered.not_before, lowered.seen) == (date(2024, 10, 30), date(2024, 11, 16))


def test_gemini_2_5_pro_had_its_tier_from_its_first_day() -> None:
    first = read_history(FOLDER / "litellm.jsonl")["gemini/gemini-2.5-pro"][0]
    assert first.fields
    assert first.fields["input_cost_per_token_above_200k_tokens"] == "0.0000025"
    assert first.not_before
    assert first.not_before < date(2025, 6, 17) <= first.seen, "it was released on that day"


def test_claude_sonnet_4_got_its_tier_later_and_then_vanished() -> None:
    seen = read_history(FOLDER / "litellm.jsonl")["claude-sonnet-4-20250514"]
    field = "input_cost_per_token_above_200k_tokens"
    assert field not in (at(seen, date(2025, 7, 1)).fields or {})
    assert (at(seen, date(2025, 12, 1)).fields or {})[field] == "0.000006"
    assert seen[-1].fields is None


def test_each_observation_is_the_whole_state(tmp_path: Path) -> None:
    second = line(seen="2026-03-01", not_before="2026-02-01", fields={"output_cost_per_token": "0.000002"})
    third = line(seen="2026-04-01", not_before="2026-03-01", fields={"input_cost_per_token": None})
    found = history(tmp_path, line(), second, third)["a"]
    assert [observation.fields for observation in found] == [
        {"input_cost_per_token": "0.000001"},
        {"input_cost_per_token": "0.000001", "output_cost_per_token": "0.000002"},
        {"output_cost_per_token": "0.000002"},
    ]


def test_an_entry_can_go_and_come_back(tmp_path: Path) -> None:
    gone = line(seen="2026-03-01", not_before="2026-02-01", fields=None)
    back = line(seen="2026-05-01", not_before="2026-04-01")
    states = [observation.fields for observation in history(tmp_path, line(), gone, back)["a"]]
    assert states == [{"input_cost_per_token": "0.000001"}, None, {"input_cost_per_token": "0.000001"}]


def test_what_was_read_cannot_be_changed(tmp_path: Path) -> None:
    tiered = {"tiered_pricing": [{"input_cost_per_token": "0.1"}]}
    found = history(tmp_path, line(fields=tiered))["a"][0].fields
    assert found
    assert found["tiered_pricing"] == ({"input_cost_per_token": "0.1"},)
    with pytest.raises(TypeError):
        found["tiered_pricing"] = "0"  # type: ignore[index]


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("not an object", "a line has the properties"),
        ({"key": "a"}, "a line has the properties"),
        (line(more=1), "a line has the properties"),
        (line(key=""), "'key' must be a text"),
        (line(seen="2026-13-01"), "month"),
        (line(seen="2026-01-01"), "is not after the entry's line before it"),
        (line(not_before="2026-02-01"), "is not before 'seen'"),
        (line(seen="2026-03-01", fields={}), "must name a change"),
        (line(seen="2026-03-01"), "'input_cost_per_token' does not change"),
        (line(seen="2026-03-01", fields={"output_cost_per_token": None}), "'output_cost_per_token' does not change"),
        (line(seen="2026-03-01", fields={"input_cost_per_token": None}), "'fields' must be null"),
        (line(seen="2026-03-01", fields={"input_cost_per_token": 0.1}), "'input_cost_per_token' cannot be 0.1"),
        (line(seen="2026-03-01", fields={"input_cost_per_token": "1e-6"}), "cannot be '1e-6'"),
        (
            line(seen="2026-03-01", fields={"input_mtok": {"base": "2.5", "tiers": [{"price": 5}]}}),
            "'price' cannot be 5",
        ),
        (line(key="b", fields=None), "the entry is gone before it is there"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, damaged: object, reason: str) -> None:
    with pytest.raises(DamagedCuration, match=r"history\.jsonl, line 2: ") as caught:
        history(tmp_path, line(), damaged)
    assert reason in str(caught.value)
