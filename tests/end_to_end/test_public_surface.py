"""Routes, settings, commands, metrics, log events and stored data are those committed in `public_surface.json`."""

import json
from typing import Any

import pytest

from tests.end_to_end.public_surface import COMMITTED, public_surface

EXPECTED: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def surface() -> dict[str, Any]:
    """The surface of the code as it is now, as JSON has it."""
    found: dict[str, Any] = json.loads(json.dumps(public_surface()))
    return found


@pytest.mark.parametrize("part", EXPECTED)
def test_the_public_surface_is_as_committed(surface: dict[str, Any], part: str) -> None:
    """No part has changed. After a deliberate change, run `python -m tests.end_to_end.public_surface`."""
    assert surface[part] == EXPECTED[part]


def test_every_part_is_compared(surface: dict[str, Any]) -> None:
    """A part that is added to the surface is committed too."""
    assert list(surface) == list(EXPECTED)


def test_the_committed_schemas_agree() -> None:
    """A new database and one that migrations have brought up to date have equal tables."""
    made, migrated = (dict(EXPECTED[name]) for name in ("schema_of_a_new_database", "schema_by_migrations"))
    assert made == migrated
