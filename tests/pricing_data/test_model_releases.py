"""The days of models' releases are read, and a bad entry is refused by its name."""

from datetime import date
from pathlib import Path

import pytest

from pricing_data.errors import DamagedCuration
from pricing_data.model_releases import ModelRelease, read_model_releases


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
