"""JSON in, by the letter: what RFC 8259 leaves open is refused.

The standard library's parser with its lenient parts switched off: no NaN or Infinity, no
duplicate names, no lone surrogates, no byte order mark, no encoding but UTF-8.
"""

import json
import re
from collections import Counter
from json.scanner import make_scanner
from typing import Any, Final, NoReturn

# The parser lets no other thread run before it ends. This many values take some milliseconds, and few megabytes.
MOST_VALUES: Final = 150_000


class NotJson(ValueError):
    """The body is not strict JSON; the message says where and why, for the caller."""


def parse(body: bytes) -> Any:
    """The value of a JSON document; raises NotJson. A number out of float's range is refused too."""
    if _has_too_many_values(body):
        raise NotJson(f"The body holds more than {MOST_VALUES} values.")
    try:
        text = body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
        value = _decoded(text)
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


def _has_too_many_values(body: bytes) -> bool:
    """Looked up before the body is parsed, without parsing it; in what is no JSON, up to its first fault.

    What stands between the quotes does not count: a text may have commas as it likes.
    """
    if len(body) <= MOST_VALUES or _values(body) <= MOST_VALUES:
        return False
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if unescaped.count(b'"') > 2 * MOST_VALUES:
        return True
    return _values(b"".join(unescaped.split(b'"')[::2])) > MOST_VALUES


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
