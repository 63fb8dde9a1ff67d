"""What a streamed call says to its caller, in the order in which it may be said.

Nothing is said before there is a piece of text: what fails earlier is an error with a status of its own. The
last chunk with a finish_reason waits for the bill that it carries.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from service.billing.ledger import StoredAnswer
from service.gateway.bill import Bill
from service.gateway.call import DONE_EVENT, Envelope
from service.gateway.dialects import Transcript
from service.http import json
from service.http.errors import Refusal, error_properties


class Channel:
    """One writer, one reader. Nothing that was added is lost, unless the reader has gone."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.is_abandoned = False
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._is_closed = False
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()

    def add(self, piece: bytes) -> None:
        """Put a piece in, full or not."""
        if not self.is_abandoned:
            self._pieces.append(piece)
            self._bytes += len(piece)
            self._readable.set()

    async def room(self) -> None:
        """Wait until there is room for more: a slow reader slows its writer down."""
        while self._bytes >= self.most_bytes and not self.is_abandoned:
            self._writable.clear()
            await self._writable.wait()

    def close(self) -> None:
        """Nothing more will be added."""
        self._is_closed = True
        self._readable.set()

    def abandon(self) -> None:
        """The reader has gone: the writer need not wait for it any more."""
        self.is_abandoned = True
        self._pieces.clear()
        self._bytes = 0
        self._writable.set()
        self._readable.set()

    async def take(self) -> bytes | None:
        """All that is there, once something is; None after the end."""
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


CONTENT_TYPE = b"text/event-stream; charset=utf-8"
MAX_KEPT_BYTES = 4_000_000
NOTHING: Final[Mapping[str, Any]] = {}


class AnswerWriter:
    """Writes one answer into a channel; `on_open` is called before the first byte.

    With `keeps` it remembers the answer, for a repeated call, up to a size.
    """

    def __init__(
        self, channel: Channel, envelope: Envelope, *, include_usage: bool, keeps: bool, on_open: Callable[[], None]
    ) -> None:
        self.channel = channel
        self.envelope = envelope
        self.include_usage = include_usage
        self.keeps = keeps
        self.on_open = on_open
        self.is_open = False
        self._prelude: list[bytes] = []
        self._last: dict[str, Any] | None = None
        self._kept: list[bytes] = []
        self._kept_bytes = 0

    @property
    def has_something(self) -> bool:
        """Whether the caller has, or is about to have, a part of the answer."""
        return self.is_open or self._last is not None

    def pass_on(self, choice: dict[str, Any]) -> None:
        """Say one piece of the answer."""
        if choice["finish_reason"] is not None:
            choice, waited = self._last or {}, choice
            self._last = waited
        if not choice:
            return
        event = self._chunk(choice)
        if self.is_open or _has_content(choice):
            self._say([event])
        else:
            self._prelude.append(event)

    def completed(self, bill: Bill, transcript: Transcript, finish_reason: str) -> list[bytes]:
        """The end of a whole answer, to be said later; answers that lack a finish_reason get this one."""
        unfinished = sorted(set(range(transcript.choices)) - transcript.finished)
        closing = [{"index": index, "delta": {}, "finish_reason": finish_reason} for index in unfinished]
        *earlier, last = ([self._last] if self._last else []) + closing
        usage = {**transcript.usage.details, **bill.usage()}
        ends = [self._chunk(last, {"billing": bill.properties()})]
        if self.include_usage:
            ends.append(self.envelope.chunk([], {"usage": usage}))
        return [*map(self._chunk, earlier), *ends, bill.comment(), DONE_EVENT]

    def broken(self, refusal: Refusal, bill: Bill | None) -> list[bytes]:
        """The end of an answer that broke off: an error, and no `[DONE]`."""
        return [*([self._chunk(self._last)] if self._last else []), self.failed(refusal, bill)]

    def failed(self, refusal: Refusal, bill: Bill | None) -> bytes:
        """The error event by itself."""
        properties: dict[str, json.Value] = error_properties(refusal)
        if bill is not None:
            properties["billing"] = bill.properties()
        return b"data: " + json.encode({"error": properties}) + b"\n\n"

    def kept(self, bill: Bill, ending: list[bytes]) -> StoredAnswer | None:
        """The whole answer with this ending, if it was to be kept and is not too large."""
        if not self.keeps or self._kept_bytes > MAX_KEPT_BYTES:
            return None
        body = b"".join((*self._kept, *([] if self.is_open else self._prelude), *ending))
        return StoredAnswer(bill.headers(), body, CONTENT_TYPE)

    def end(self, ending: list[bytes]) -> None:
        """Say the end."""
        self._say(ending)
        self.channel.close()

    def _say(self, events: list[bytes]) -> None:
        if not self.is_open:
            self.is_open = True
            self.on_open()
            events = [*self._prelude, *events]
        for event in events:
            self.channel.add(event)
            self._keep(event)

    def _keep(self, event: bytes) -> None:
        if self.keeps and self._kept_bytes <= MAX_KEPT_BYTES:
            self._kept.append(event)
            self._kept_bytes += len(event)

    def _chunk(self, choice: dict[str, Any], extra: Mapping[str, Any] = NOTHING) -> bytes:
        """Return a chunk of one choice. Where the caller asked for usage, it says that usage comes last."""
        return self.envelope.chunk([choice], {"usage": None, **extra} if self.include_usage else extra)


def _has_content(choice: dict[str, Any]) -> bool:
    """Whether a piece carries more than the role."""
    return choice["finish_reason"] is not None or any(
        value for name, value in choice["delta"].items() if name != "role"
    )
