"""Writing the little of TOML that vocabularies.toml needs."""

import json
from collections.abc import Mapping

Value = str | int | tuple[str, ...] | tuple[int, ...]


def toml_lines(values: Mapping[str, Value]) -> list[str]:
    """One `key = value` line each."""
    return [f"{key} = {_written(value)}" for key, value in values.items()]


def toml_tables(tables: Mapping[str, Mapping[str, Value]]) -> str:
    """Tables one below the other, each under its head; the last line has no end."""
    return "\n".join(line for head, values in tables.items() for line in (head, *toml_lines(values)))


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    # A JSON string is a TOML basic string but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
