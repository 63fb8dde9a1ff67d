"""Where the day of a model's release is taken from, and when a stated day is not believed."""

import json
from datetime import date

import pytest

from pricing_data.errors import BadSource
from pricing_data.refresh.model_releases import PATH, ModelRelease, read_model_releases
from scripts.catalogue.models_file import read_rows
from scripts.model_releases import (
    CACHE,
    first_snapshots,
    first_sold,
    is_in_month,
    releases,
    stated_days,
    text_of,
)
from scripts.models_dev import Catalogue, days_of, read_catalogues

NEW = Catalogue("npm", "new", "2", "new.tgz", "", "program")
OLD = Catalogue("pypi", "old", "1", "old.whl", "", "data.json")

PROGRAM = (
    b'\x00release_date:r.String,var x={openai:{id:"openai",env:["KEY"],models:{"gpt-5":{id:"gpt-5",name:"GPT-5",'
    b'description:"a \\"model\\"",limit:{context:1},release_date:"2025-08-07",last_updated:"2026-01-01"},o9:{id:"o9",'
    b'name:"o9",release_date:"2026-01"}}},xai:{id:"xai",env:[],models:{"grok-9":{id:"grok-9",name:"Grok",'
    b'release_date:"2026-02-03"}}}};\x00'
)


def test_days_are_read_from_the_literals_of_a_program() -> None:
    assert days_of(PROGRAM) == {"openai/gpt-5": "2025-08-07", "openai/o9": "2026-01", "xai/grok-9": "2026-02-03"}


def test_days_are_read_from_json() -> None:
    raw = {"openai": {"models": {"gpt-5": {"release_date": "2025-08-07"}, "gpt-6": {}}}}
    assert days_of(json.dumps(raw).encode()) == {"openai/gpt-5": "2025-08-07", "openai/gpt-6": "None"}


def test_the_newest_catalogue_comes_first_and_the_name_last() -> None:
    name = "gpt-5-2025-08-07"
    catalogues = [(NEW, {f"openai/{name}": "2025-08-08"}), (OLD, {f"openai/{name}": "2025-08-09"})]
    found = [(str(release.released), release.source) for release in stated_days(name, "OpenAI", catalogues)]
    assert found == [
        ("2025-08-08", f"new 2 openai/{name}"),
        ("2025-08-09", f"old 1 openai/{name}"),
        ("2025-08-07", "name"),
    ]


@pytest.mark.parametrize("day", ["2026-01", "2026-01-01", "None", ""])
def test_a_month_or_a_year_is_no_day_and_a_host_no_author(day: str) -> None:
    assert list(stated_days("o9", "OpenAI", [(NEW, {"openai/o9": day, "azure/o9": "2026-01-02"})])) == []


def test_the_first_snapshot_of_a_model_is_that_of_its_first_day() -> None:
    names = ["o9-mini-2025-01-31", "o9-2025-02-03", "o9-2024-12-17", "o9", "o9-preview"]
    assert first_snapshots(names) == {
        "o9": ModelRelease(date(2024, 12, 17), "name of o9-2024-12-17"),
        "o9-mini": ModelRelease(date(2025, 1, 31), "name of o9-mini-2025-01-31"),
    }


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("claude-sonnet-4-20250514", "2025-05-14"),
        ("seed-2-0-lite-260228", "2026-02-28"),
        ("deepseek-v4-pro-0813", None),
        ("mistral-large-2411", None),
        ("command-a-03-2025", None),
        ("gpt-4-0613", None),
    ],
)
def test_a_name_states_a_day_only_with_its_year(name: str, day: str | None) -> None:
    assert [str(release.released) for release in stated_days(name, "nobody", [])] == ([day] if day else [])


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("mistral-large-2512", date(2025, 12, 2), True),
        ("mistral-large-2512", date(2026, 1, 5), True),
        ("mistral-large-2512", date(2024, 11, 1), False),
        ("command-a-03-2025", date(2025, 3, 13), True),
        ("command-r7b-12-2024", date(2024, 2, 27), False),
        ("gpt-5", date(2025, 8, 7), True),
    ],
)
def test_a_day_far_from_the_month_of_a_name_is_not_believed(name: str, day: date, expected: bool) -> None:
    assert is_in_month(name, day) is expected


def test_each_day_is_that_of_a_model_of_the_catalogue() -> None:
    assert set(read_model_releases()) <= {row["name"] for row in read_rows()}


def test_no_model_was_sold_before_its_release() -> None:
    found, sold = read_model_releases(), first_sold()
    assert [name for name, release in found.items() if release.released > sold.get(name, date.max)] == []


def test_the_committed_file_is_what_the_packages_give() -> None:
    try:
        found = releases(CACHE)
    except BadSource:
        pytest.skip("the packages are not here: python -m scripts.model_releases fetch")
    assert text_of(read_catalogues(), found) == PATH.read_text(encoding="utf-8")
