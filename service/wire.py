"""JSON out: compact UTF-8, and money as plain decimals that no float ever touched."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from pricing_data import plain

Value = str | int | Decimal | bool | None | Mapping[str, "Value"] | list["Value"]


# Made once: `json.dumps` would make an encoder for each string.
_STRINGS: Final = json.JSONEncoder(ensure_ascii=False)


def encode(value: Value) -> bytes:
    """Compact JSON. A Decimal becomes a plain number: `0.0000002`, never `2e-07`."""
    return _text(value).encode()


def properties(values: Mapping[str, Value]) -> str:
    """The inside of an object, for one that is put together in parts."""
    return _joined([f"{_STRINGS.encode(key)}:{_text(item)}" for key, item in values.items()])


def _text(value: Value) -> str:
    if value is None:
        return "null"
    kind = type(value)
    if kind is str:
        return _STRINGS.encode(value)
    if kind is int:
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Mapping):
        return "{" + properties(value) + "}"
    if isinstance(value, list):
        return "[" + _joined(map(_text, value)) + "]"
    return _STRINGS.encode(value)


def _joined(parts: Iterable[str]) -> str:
    return ",".join(parts)
