"""JSON out: compact UTF-8, and money as plain decimals that no float ever touched."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial
from json.scanner import make_scanner
from typing import Any, Final, NoReturn

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


# The parser lets no other thread run before it ends. This many values take some milliseconds, and few megabytes.
MAX_VALUES: Final = 150_000


class NotJson(ValueError):
    """The body is not strict JSON; the message says where and why, for the caller."""


class TooManyItems(NotJson):
    """A list is longer than it may be."""


def decode(body: bytes) -> Any:
    """The value of a JSON document; raises NotJson. A number out of float's range is refused too."""
    return _parsed(body, _decoded, MAX_VALUES)


def decode_list(body: bytes, max_values: int, max_items: int) -> Any:
    """Return the value of a JSON document like `decode`; the items of a list are decoded one by one.

    Other threads run between two items, so that the whole may have more values. Raise TooManyItems, NotJson.
    """
    if body.lstrip(_WHITESPACE)[:1] != b"[":
        return decode(body)
    return _parsed(body, partial(_items, max_items=max_items), max_values)


def _parsed(body: bytes, decoded: Callable[[str], Any], most_values: int) -> Any:
    if _has_too_many_values(body, most_values):
        raise NotJson(f"The body holds more than {most_values} values.")
    try:
        text = body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
        value = decoded(text)
        if b"\\" in body and _SURROGATE.search(body):
            _refuse_surrogates(value)
    except NotJson:
        raise
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    return value


def _has_too_many_values(body: bytes, most_values: int) -> bool:
    """Looked up before the body is parsed, without parsing it; in what is no JSON, up to its first fault.

    What stands between the quotes does not count: a text may have commas as it likes.
    """
    if len(body) <= most_values or _values(body) <= most_values:
        return False
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') > 2 * most_values:
        return True
    return _values(b"".join(unescaped.split(b'"')[::2])) > most_values


def _values(structure: bytes) -> int:
    """One begins a value at most, but for the very first."""
    return sum(map(structure.count, (b",", b"[", b"{")))


def _decoded(text: str) -> Any:
    """As the decoder does it; if there is nothing around the value, without a look for white space."""
    try:
        value, end = _SCAN(text, 0)
    except StopIteration:
        end = -1
    return value if end == len(text) else _DECODER.decode(text)


def _items(text: str, max_items: int) -> list[Any]:
    """Return the items of a list, each decoded alone. Raise TooManyItems, JSONDecodeError."""
    found: list[Any] = []
    place = _after_space(text, text.index("[") + 1)
    closed = text[place : place + 1] == "]"
    while not closed:
        if len(found) == max_items:
            raise TooManyItems(f"The list has more than {max_items} items.")
        try:
            value, place = _SCAN(text, place)
        except StopIteration as fault:
            raise json.JSONDecodeError("Expecting value", text, fault.value) from None
        found.append(value)
        place = _after_space(text, place)
        closed = text[place : place + 1] == "]"
        if not closed:
            if text[place : place + 1] != ",":
                raise json.JSONDecodeError("Expecting ',' delimiter", text, place)
            place = _after_space(text, place + 1)
    if (end := _after_space(text, place + 1)) != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return found


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise NotJson(f"The body names {shorten(twice)} more than once in one object.")
    return made


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"The body is not JSON: {name} is not a JSON value.")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise NotJson(f"The number {shorten(digits)} is too large.")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits) > 100:
        raise NotJson(f"A number of {len(digits)} digits is too long.")
    return int(digits)


_WHITESPACE: Final = b" \t\r\n"
_SPACE: Final = re.compile(r"[ \t\r\n]*")
# How the escape of each surrogate begins.
_SURROGATE: Final = re.compile(rb"\\u[dD]")
# Made once: `json.loads` would make a decoder for each text.
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded_int
)
_SCAN: Final = make_scanner(_DECODER)  # type: ignore[arg-type]  # which asks for a scanner by mistake


def _refuse_surrogates(value: object) -> None:
    """Escapes such as `\\ud800` can smuggle in half a character, which no UTF-8 can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotJson("The body holds a lone surrogate escape, which is not a character.") from None


def shorten(value: object, limit: int = 80) -> str:
    """A JSON value as it may stand in a message: on one line, escaped, cut after `limit` characters."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value[:limit]) + ("…" if len(value) > limit else "")
