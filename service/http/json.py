"""JSON: compact encoding with exact decimals, and strict decoding.

Encoding writes a Decimal digit by digit, so that an amount of money is never a float. Decoding accepts RFC 8259 only:
it rejects NaN, duplicate names, lone surrogates, a BOM, numbers out of range, deep nesting and too many values.
"""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf
from typing import Any, Final

import jiter

from pricing_data import plain
from tokenizer_registry.json_levels import levels

Value = str | int | Decimal | bool | None | Mapping[str, "Value"] | list["Value"]
# One encoder for all strings: `json.dumps` with options builds a new one for each call.
_STRINGS: Final = json.JSONEncoder(ensure_ascii=False)


def encode(value: Value) -> bytes:
    """Return compact JSON in UTF-8. A Decimal is written as a plain number: `0.0000002`, never `2e-07`."""
    return _text(value).encode()


def properties(values: Mapping[str, Value]) -> str:
    """Return the members of an object without its braces, for an object that is put together in parts."""
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


# jiter holds the GIL while it parses: about 0.1 µs a value.
MAX_VALUES: Final = 150_000
MAX_DIGITS: Final = 100
# What jiter raises, as no kind of Exception, where there is no memory for a value.
PANIC: Final = "PanicException"

_MAX_INTEGER: Final = 10**MAX_DIGITS
_NUMBERS: Final = frozenset((int, float))
_FIRST_LINE: Final = re.compile(r" at line 1 column(?= \d+$)")
_HALF_CHARACTER: Final = re.compile(r"^(lone \w+ surrogate in|unexpected end of) hex escape")
_DUPLICATE: Final = re.compile(r'Detected duplicate key "(.*)"', re.DOTALL)


class NotJson(ValueError):
    """The body is not strict JSON; the message says why and where, for the caller."""


class TooManyItems(NotJson):
    """A list has more items than allowed."""


def decode(body: bytes, max_values: int = MAX_VALUES) -> Any:
    """Return the value of a JSON document of at most `max_values` values. Raise NotJson, MemoryError."""
    value = decode_unchecked(body, max_values)
    check_numbers(value)
    return value


def decode_unchecked(body: bytes, max_values: int = MAX_VALUES) -> Any:
    """Return the value of a JSON document, whose numbers may be out of range. Raise NotJson, MemoryError."""
    if _has_too_many_values(body, max_values):
        raise NotJson(f"The body holds more than {max_values} values.")
    try:
        # jiter caches strings for the whole process: names only, because values may be texts and passwords.
        value = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys")
    except ValueError as error:
        raise NotJson(_sentence(str(error))) from None
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        raise MemoryError from None
    return value


def decode_list(body: bytes, max_values: int, max_items: int) -> Any:
    """Return the value of a JSON document; a list has at most `max_items` items. Raise TooManyItems, NotJson."""
    value = decode(body, max_values)
    if isinstance(value, list) and len(value) > max_items:
        raise TooManyItems(f"The list has more than {max_items} items.")
    return value


def _has_too_many_values(body: bytes, max_values: int) -> bool:
    """Return whether the body holds more values than `max_values`, without parsing it.

    Commas and brackets inside strings do not count. In a body that is not JSON the result is only an estimate.
    """
    if len(body) <= max_values or _count_values(body) <= max_values:
        return False
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') > 2 * max_values:
        return True
    return _count_values(b"".join(unescaped.split(b'"')[::2])) > max_values


def _count_values(structure: bytes) -> int:
    """Return an upper bound of the values after the first: each follows a comma or an opening bracket."""
    return sum(map(structure.count, (b",", b"[", b"{")))


def check_numbers(value: Any) -> None:
    """Raise NotJson for a number that is out of range. jiter reads `1e999` as infinity, and integers of any size."""
    for found, kinds, _ in levels([value]):
        if not kinds.isdisjoint(_NUMBERS):
            _check_level(found)


def _check_level(values: Iterable[Any]) -> None:
    """Raise NotJson if one of the values is a number out of range."""
    for value in values:
        kind = type(value)
        if kind is int and not -_MAX_INTEGER < value < _MAX_INTEGER:
            raise NotJson(f"A number in the body has more than {MAX_DIGITS} digits.")
        if kind is float and value in (inf, -inf):
            raise NotJson("A number in the body is too large.")


def _sentence(fault: str) -> str:
    """Return jiter's error as a sentence for the caller."""
    if duplicate := _DUPLICATE.match(fault):
        return f"The body names {shorten(duplicate[1])} more than once in one object."
    if fault.startswith("recursion limit exceeded"):
        return "The body is nested too deeply."
    if fault.startswith("number out of range"):
        return f"A number in the body has more than {MAX_DIGITS} digits."
    fault = _HALF_CHARACTER.sub("incomplete escape or lone surrogate", fault)
    return f"The body is not JSON: {_FIRST_LINE.sub(' at column', fault)}."


def shorten(value: object, limit: int = 80) -> str:
    """Return a JSON value for a message: on one line, escaped, cut after `limit` characters."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if not isinstance(value, str):
        return json.dumps(value)
    return json.dumps(value[:limit]) + ("…" if len(value) > limit else "")
