"""Writing a streamed answer: the order of its events, and the bounded channel between the call and its caller.

Nothing is sent before the first text, so that an earlier fault is an error with a status of its own. The last chunk
with a finish_reason is sent after the charge, because it carries the bill.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from service.billing.charges import CallBill
from service.billing.ledger import StoredAnswer
from service.gateway.call import DONE_EVENT, Envelope
from service.gateway.dialects import Transcript
from service.http import json
from service.http.error_formats import error_properties
from service.http.errors import Refusal

EVENTS_CONTENT_TYPE = b"text/event-stream; charset=utf-8"
MAX_STORED_BYTES = 4_000_000
NOTHING: Final[Mapping[str, Any]] = {}


class Channel:
    """A queue of bytes with one writer and one reader, which holds about `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.is_abandoned = False
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def add(self, piece: bytes) -> None:
        """Add a piece, even if the channel is full. Drop it if the reader has gone."""
        if not self.is_abandoned:
            self._pieces.append(piece)
            self._bytes += len(piece)
            self._readable.set()

    async def wait_for_room(self) -> None:
        """Wait until less than `max_bytes` are waiting, or the reader has gone."""
        while self._bytes >= self.max_bytes and not self.is_abandoned:
            self._writable.clear()
            await self._writable.wait()

    def close(self) -> None:
        """End the channel: no piece is added after this."""
        self._is_closed = True
        self._readable.set()

    def abandon(self) -> None:
        """Drop what is waiting, because the reader has gone; the writer does not wait any more."""
        self.is_abandoned = True
        self._pieces.clear()
        self._bytes = 0
        self._writable.set()
        self._readable.set()

    async def take(self) -> bytes | None:
        """Wait for pieces, and return all that are waiting; return None at the end."""
        while not self._pieces:
            if self._is_closed or self.is_abandoned:
                return None
            self._readable.clear()
            await self._readable.wait()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self._bytes = 0
        self._writable.set()
        return taken


class AnswerWriter:
    """Writes one answer into a channel, and calls `on_open` before its first byte.

    With `stores` the answer is also kept in memory, up to MAX_STORED_BYTES, for a repeated call.
    """

    def __init__(
        self, channel: Channel, envelope: Envelope, *, include_usage: bool, stores: bool, on_open: Callable[[], None]
    ) -> None:
        self.channel = channel
        self.envelope = envelope
        self.include_usage = include_usage
        self.stores = stores
        self.on_open = on_open
        self.is_open = False
        self._prelude: list[bytes] = []
        self._last: dict[str, Any] | None = None
        self._stored: list[bytes] = []
        self._stored_bytes = 0

    @property
    def has_something(self) -> bool:
        """Whether a part of the answer was sent, or is held back until the charge."""
        return self.is_open or self._last is not None

    def write_choice(self, choice: dict[str, Any]) -> None:
        """Write one choice of a chunk. Hold it back if nothing with text came before, or if it is the last one."""
        if choice["finish_reason"] is not None:
            choice, last = self._last or {}, choice
            self._last = last
        if not choice:
            return
        event = self._chunk(choice)
        if self.is_open or _has_content(choice):
            self._write([event])
        else:
            self._prelude.append(event)

    def complete_ending(self, bill: CallBill, transcript: Transcript, finish_reason: str) -> list[bytes]:
        """Return the last events of a whole answer. `finish_reason` is for choices that did not get one."""
        unfinished = sorted(set(range(transcript.choices)) - transcript.finished)
        closing = [{"index": index, "delta": {}, "finish_reason": finish_reason} for index in unfinished]
        *earlier, last = ([self._last] if self._last else []) + closing
        usage = {**transcript.usage.details, **bill.usage()}
        ends = [self._chunk(last, {"billing": bill.properties()})]
        if self.include_usage:
            ends.append(self.envelope.chunk([], {"usage": usage}))
        return [*map(self._chunk, earlier), *ends, bill.comment(), DONE_EVENT]

    def broken_ending(self, refusal: Refusal, bill: CallBill | None) -> list[bytes]:
        """Return the last events of an answer that broke off: an error, and no `[DONE]`."""
        return [*([self._chunk(self._last)] if self._last else []), self.error_event(refusal, bill)]

    def error_event(self, refusal: Refusal, bill: CallBill | None) -> bytes:
        """Return an event with an error and, if there is one, the bill."""
        properties: dict[str, json.Value] = error_properties(refusal)
        if bill is not None:
            properties["billing"] = bill.properties()
        return b"data: " + json.encode({"error": properties}) + b"\n\n"

    def stored_answer(self, bill: CallBill, ending: list[bytes]) -> StoredAnswer | None:
        """Return the whole answer with this ending, or None if it was not stored or is too large."""
        if not self.stores or self._stored_bytes > MAX_STORED_BYTES:
            return None
        body = b"".join((*self._stored, *([] if self.is_open else self._prelude), *ending))
        return StoredAnswer(bill.headers(), body, EVENTS_CONTENT_TYPE)

    def end(self, ending: list[bytes]) -> None:
        """Write the last events, and close the channel."""
        self._write(ending)
        self.channel.close()

    def _write(self, events: list[bytes]) -> None:
        if not self.is_open:
            self.is_open = True
            self.on_open()
            events = [*self._prelude, *events]
        for event in events:
            self.channel.add(event)
            self._store(event)

    def _store(self, event: bytes) -> None:
        if self.stores and self._stored_bytes <= MAX_STORED_BYTES:
            self._stored.append(event)
            self._stored_bytes += len(event)

    def _chunk(self, choice: dict[str, Any], extra: Mapping[str, Any] = NOTHING) -> bytes:
        """Return a chunk of one choice. With `include_usage` every chunk but the last has a usage of null."""
        return self.envelope.chunk([choice], {"usage": None, **extra} if self.include_usage else extra)


def _has_content(choice: dict[str, Any]) -> bool:
    """Return whether a choice has more than the role."""
    return choice["finish_reason"] is not None or any(
        value for name, value in choice["delta"].items() if name != "role"
    )
