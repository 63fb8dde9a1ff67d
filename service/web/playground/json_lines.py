"""The line of a place in a JSON text, so that a fault of a request can be found in the field that it was typed into."""

import json
import re
from typing import Final

_STEP: Final = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def line_of(text: str, path: str) -> int:
    """Return the line, from 1, of a path such as `messages[2].role`: of as much of it as the text has.

    `text` is valid JSON.
    """
    at = _skip(text, 0)
    for index, name in _STEP.findall(path):
        found = _item(text, at, int(index)) if index else _member(text, at, name)
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _item(text: str, at: int, index: int) -> int | None:
    """Return where an item of the array at `at` begins, None if there is none."""
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    while text[at] != "]":
        if index == 0:
            return at
        at, index = _after(text, at), index - 1
    return None


def _member(text: str, at: int, name: str) -> int | None:
    """Return where the value of a member of the object at `at` begins, None if there is none."""
    if text[at] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        at = _after(text, at)
    return None


def _after(text: str, at: int) -> int:
    """Return where the next item begins, or the end of the array or object."""
    at = _skip(text, _DECODER.raw_decode(text, at)[1])
    return _skip(text, at + 1) if text[at] == "," else at
