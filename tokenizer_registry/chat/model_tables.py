"""Tables inside a rule that are keyed by models."""

from collections.abc import Mapping
from typing import Any


def row_of(table: Mapping[str, Any], model: str) -> Mapping[str, Any] | None:
    """Return the row of the longest beginning of a model's name that is listed, up to a hyphen; None if none is."""
    name = model
    while name and name not in table:
        name = name.rpartition("-")[0]
    return table.get(name)
