"""Validation of what callers send: JSON bodies property by property, query parameters, and the forms of ids.

Readers raise InvalidRequest with a sentence that names the property; `read_body` turns it into a refusal.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from starlette.types import Scope

from service.http import json
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.json import NotJson, shorten

RequestT = TypeVar("RequestT")
WordT = TypeVar("WordT", bound=str)

_CALL: Final = re.compile("[0-9a-f]{32}")
_KEY: Final = re.compile("key_[0-9A-Za-z]{1,36}")
_NUMBER: Final = re.compile("[0-9]{1,18}")


class InvalidRequest(ValueError):
    """A property of a request is not valid; the message is a sentence for the caller."""


def read_body(
    body: bytes,
    read: Callable[[dict[str, Any]], RequestT | Refusal],
    expected: str,
    decode: Callable[[bytes], Any] = json.decode,
) -> RequestT | Refusal:
    """Return what `read` makes of a JSON object, or a refusal with the reason.

    `expected` is the sentence for a body that is JSON and not an object. `read` may raise InvalidRequest.
    """
    try:
        fields = decode(body)
        if not isinstance(fields, dict):
            raise InvalidRequest(expected)
        return read(fields)
    except (NotJson, InvalidRequest) as error:
        return INVALID_REQUEST.saying(str(error))


def check_names(fields: Collection[str], known: Collection[str], required: Collection[str] = ()) -> None:
    """Raise InvalidRequest for a property that is not in `known`, or a missing one of `required`."""
    for name in fields:
        if name not in known:
            raise InvalidRequest(f"{shorten(name)} is not a property of this request; it has {', '.join(known)}.")
    for name in required:
        if name not in fields:
            raise InvalidRequest(f"{name}: this property is missing.")


def typed(fields: Mapping[str, Any], name: str, kind: type, description: str, default: Any = None) -> Any:
    """Return a property of this type, or `default` where it is missing. Raise InvalidRequest."""
    value = fields.get(name, default)
    if not isinstance(value, kind):
        raise InvalidRequest(f"{name}: must be {description}, not {shorten(value)}.")
    return value


def whole_number(fields: Mapping[str, Any], name: str, least: int, largest: int) -> int | None:
    """Return a whole number within bounds, None if the property is missing. Raise InvalidRequest."""
    if name not in fields:
        return None
    value = fields[name]
    if type(value) is not int or not least <= value <= largest:
        raise InvalidRequest(f"{name}: must be a whole number from {least:,} to {largest:,}, not {shorten(value)}.")
    return value


def one_of(fields: Mapping[str, Any], name: str, words: Sequence[WordT]) -> WordT | None:
    """Return a property that is one of these words, None if it is missing. Raise InvalidRequest."""
    if name not in fields:
        return None
    for word in words:
        if word == fields[name]:
            return word
    raise InvalidRequest(f"{name}: must be one of {', '.join(words)}, not {shorten(fields[name])}.")


def query_parameters(scope: Scope) -> list[tuple[str, str]]:
    """Return the names and values of the query in order, decoded. Only `&` separates; empty values are kept."""
    query = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []


def is_call_id(text: str) -> bool:
    """Return whether the text has the form of a call's id or a trace id: 32 hex digits."""
    return _CALL.fullmatch(text) is not None


def is_key_id(text: str) -> bool:
    """Return whether the text has the form of an API key's id."""
    return _KEY.fullmatch(text) is not None


def entry_number(text: str) -> int | None:
    """Return the number of a ledger entry, which fits into 64 bits, or None if the text is no such number."""
    return int(text) if _NUMBER.fullmatch(text) else None


def page_size(text: str, largest: int) -> int | None:
    """Return a number of rows from 1 to `largest`, or None if the text is no such number."""
    number = entry_number(text)
    return number if number is not None and 1 <= number <= largest else None
