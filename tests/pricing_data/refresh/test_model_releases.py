"""The release days of models are read, a bad entry is refused by its name, and prices reach back to the releases."""

from datetime import date
from pathlib import Path

import pytest

from pricing_data import PriceBook
from pricing_data.errors import DamagedCuration
from pricing_data.refresh.model_releases import ModelRelease, coverage, read_model_releases


def test_a_day_says_what_states_it() -> None:
    found = read_model_releases()
    assert found["gpt-5"].released == date(2025, 8, 7)
    assert found["gpt-5"].source.endswith(" openai/gpt-5")
    assert found["gpt-4o-mini-2024-07-18"] == ModelRelease(date(2024, 7, 18), "name")


def test_an_alias_does_not_have_the_day_of_a_newer_model_behind_it() -> None:
    found = read_model_releases()
    assert "gpt-4" not in found, "the sources state the day of gpt-4-1106-preview"
    assert found["deepseek-v4-flash"].released == date(2026, 4, 24)


def test_a_day_of_an_announcement_is_not_that_of_the_api() -> None:
    assert read_model_releases()["o1"] == ModelRelease(date(2024, 12, 17), "name of o1-2024-12-17")


@pytest.mark.parametrize(
    "entry",
    [
        '"2025-08-07"',
        "{ released = 2025-08-07 }",
        '{ released = "2025-08-07", source = "name" }',
        '{ released = 2025-08-07T00:00:00Z, source = "name" }',
        '{ released = 2025-08-07, source = "" }',
        '{ released = 2025-08-07, source = "name", more = 1 }',
    ],
)
def test_a_bad_entry_is_named(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "model_releases.toml"
    path.write_text(f'[models]\n"gpt-5" = {entry}\n', encoding="utf-8")
    with pytest.raises(DamagedCuration, match=r"model_releases\.toml, gpt-5: must be "):
        read_model_releases(path)


@pytest.mark.parametrize("text", ["", "[models", "[others]\n"])
def test_a_file_without_models_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model_releases.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DamagedCuration, match=r"model_releases\.toml, models: "):
        read_model_releases(path)


def test_prices_reach_back_to_the_releases() -> None:
    """At least four of five priced models whose release is known have a price within a week of it."""
    found = coverage(PriceBook.from_package(), read_model_releases())
    assert found.released > 250
    assert found.since_release * 5 >= found.released * 4


def test_prices_reach_back_in_time() -> None:
    """Many models have a price on days long before the book was made, and more of them the later the day."""
    counts = coverage(PriceBook.from_package(), read_model_releases()).priced_on
    assert list(counts) == [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1)]
    assert 100 < counts[date(2025, 1, 1)] < counts[date(2025, 7, 1)] < counts[date(2026, 1, 1)]
