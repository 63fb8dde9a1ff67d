"""Answers in OpenAI's form, in the gateway's name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

DONE_EVENT = b"data: [DONE]\n\n"
# Made once: `json.dumps` would make an encoder for each answer.
_PLAIN: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ESCAPED: Final = json.JSONEncoder(separators=(",", ":"))


class Envelope(NamedTuple):
    """What all parts of one answer have in common. `created` is in seconds since 1970."""

    id: str
    model: str
    fingerprint: str
    created: int

    def completion(self, choices: Sequence[Any], usage: Mapping[str, Any]) -> bytes:
        """A whole answer."""
        return encode({**self._head("chat.completion"), "choices": choices, "usage": usage, **self._tail()})

    def chunk(self, choices: Sequence[Any], extra: Mapping[str, Any]) -> bytes:
        """One event of a stream."""
        return event({**self._head("chat.completion.chunk"), "choices": choices, **self._tail(), **extra})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _tail(self) -> dict[str, Any]:
        return {"system_fingerprint": self.fingerprint}


def event(value: Mapping[str, Any]) -> bytes:
    """A nameless server-sent event: named ones break clients."""
    return b"data: " + encode(value) + b"\n\n"


def encode(value: Mapping[str, Any]) -> bytes:
    """Compact JSON. Half a character, as a model may write it at the end of a chunk, stays an escape."""
    try:
        return _PLAIN.encode(value).encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(value).encode()
