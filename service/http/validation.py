"""The forms of the ids that callers send back. A text of another form is no id, and reaches no store."""

import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.types import Scope

_CALL: Final = re.compile("[0-9a-f]{32}")
_KEY: Final = re.compile("key_[0-9A-Za-z]{1,36}")
_NUMBER: Final = re.compile("[0-9]{1,18}")


def is_call_id(text: str) -> bool:
    """Return whether the text has the form of a call's id, or of a trace id: 32 hex digits."""
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


def query_parameters(scope: Scope) -> list[tuple[str, str]]:
    """Return the names and values of the query in order, decoded. Only `&` separates; empty values are kept."""
    query = scope["query_string"]
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else []
