"""JSON as providers write it into prompts."""

import json
from typing import Any


def compact(value: Any) -> str:
    """Return JSON without blanks. A string that is JSON is written again, one that is not stays as it is."""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return value


def spaced(value: Any, *, sort_keys: bool = False) -> str:
    """Return JSON with a blank after each comma and colon."""
    return json.dumps(value, ensure_ascii=False, sort_keys=sort_keys)


def indented(value: Any) -> str:
    """Return JSON over several lines, each level two blanks further in."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def parsed(arguments: Any) -> Any:
    """Return the value of arguments that are given as JSON text; the text itself if it is none."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments) if arguments else {}
    except (ValueError, RecursionError):
        return arguments
