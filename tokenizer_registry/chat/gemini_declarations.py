"""Gemini 3's tools, calls and results in the syntax of Gemma 4's template. Measured on recorded calls.

A text is a list of segments: between two of them stands one control token.
"""

import json
from typing import Any

from tokenizer_registry.chat.request import JsonObject, Tool
from tokenizer_registry.chat.schemas import expanded
from tokenizer_registry.chat.tool_memory import remembered

_LEFT_OUT = frozenset({"additionalProperties", "$schema"})


class Segments:
    """A text in pieces, where strings stand between two control tokens."""

    def __init__(self) -> None:
        self._texts = [""]

    def bare(self, text: str) -> None:
        """Add text to the piece that is open."""
        self._texts[-1] += text

    def quoted(self, text: str) -> None:
        """Add a string between two control tokens."""
        self._texts += [text, ""]

    @property
    def texts(self) -> list[str]:
        """Return the pieces of text between the control tokens."""
        return self._texts

    @property
    def control_tokens(self) -> int:
        """How many control tokens stand between the pieces."""
        return len(self._texts) - 1


@remembered
def declaration_of(tool: Tool) -> Segments:
    """Return the declaration of a function. Raise UncountableSchema."""
    segments = Segments()
    segments.bare(f"declaration:{tool.name}")
    described = {"description": tool.description} if tool.description else {}
    parameters = expanded(tool.parameters or {})
    body = _schema(parameters) if parameters.get("properties") else {"type": "OBJECT"}
    _write(segments, {**described, "parameters": body})
    return segments


def call_of(name: str, arguments: Any) -> Segments:
    """Return a call of a function."""
    return _named("call", name, arguments)


def response_of(name: str, response: Any) -> Segments:
    """Return the result of a call."""
    return _named("response", name, response)


def _named(kind: str, name: str, value: Any) -> Segments:
    segments = Segments()
    segments.bare(f"{kind}:{name}")
    _write(segments, value if isinstance(value, dict) else {"value": value})
    return segments


def _schema(schema: JsonObject) -> dict[str, Any]:
    """The schema with types in capitals, at all levels."""
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _LEFT_OUT:
            continue
        if key == "type" and isinstance(value, str):
            found[key] = value.upper()
        elif key == "properties" and isinstance(value, dict):
            found[key] = {name: _schema(each) if isinstance(each, dict) else each for name, each in value.items()}
        elif isinstance(value, dict):
            found[key] = _schema(value)
        elif isinstance(value, list):
            found[key] = [_schema(each) if isinstance(each, dict) else each for each in value]
        else:
            found[key] = value
    return found


def _write(segments: Segments, value: Any) -> None:
    """Write a value with the keys of objects in alphabetical order and without blanks."""
    if isinstance(value, str):
        segments.quoted(value)
    elif isinstance(value, dict):
        segments.bare("{")
        for place, key in enumerate(sorted(value)):
            segments.bare(f"{',' if place else ''}{key}:")
            _write(segments, value[key])
        segments.bare("}")
    elif isinstance(value, list):
        segments.bare("[")
        for place, each in enumerate(value):
            segments.bare("," if place else "")
            _write(segments, each)
        segments.bare("]")
    else:
        segments.bare(json.dumps(value))
