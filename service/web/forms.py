"""What a form sends, read within bounds."""

import re
from collections.abc import Awaitable, Callable, Iterator
from sys import getsizeof
from typing import Final

from starlette.types import Receive, Scope

from service.http.context import context_of
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.in_flight import InFlight
from service.http.request_limits import BodyReader

MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 3_000
# A text is decoded in blocks, so that other threads get their turn in between however long it is.
BLOCK_BYTES: Final = 65_536
_ESCAPES: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")


class Form:
    """Names and values in order; a name may come more than once."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs

    @property
    def size_bytes(self) -> int:
        """What the values take in memory."""
        return sum(getsizeof(value) for _, value in self.pairs)

    def one(self, name: str) -> str:
        """The first value, or an empty text."""
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value that is not empty."""
        return [value for key, value in self.pairs if key == name and value]


def parsed(text: str) -> Form | Refusal:
    """A query or a form's body, its bytes as Latin-1. Browsers send line ends as CR LF: they become LF again."""
    if text.count("&") >= MAX_FIELDS:
        return INVALID_REQUEST.saying("The form is not valid: it has too many fields.")
    fields = [field.partition("=") for field in text.split("&") if field]
    try:
        pairs = [(_decoded(name), _decoded(value).replace("\r\n", "\n")) for name, _, value in fields]
    except UnicodeDecodeError:
        return INVALID_REQUEST.saying("The form is not valid: it is not UTF-8.")
    return Form(pairs)


def _decoded(text: str) -> str:
    """What stands for a name or a value. Raises UnicodeDecodeError."""
    return b"".join(map(_without_escapes, _blocks(text.replace("+", " ").encode("latin-1")))).decode()


def _blocks(encoded: bytes) -> Iterator[bytes]:
    """The same in blocks that cut no escape."""
    start = 0
    while start < len(encoded):
        end = start + BLOCK_BYTES
        cut = encoded.find(b"%", end - 2, end)
        end = end if cut < 0 else cut
        yield encoded[start:end]
        start = end


def _without_escapes(block: bytes) -> bytes:
    if b"%" not in block:
        return block
    return _ESCAPES.sub(lambda found: bytes.fromhex(found[0].decode().replace("%", "")), block)


Run = Callable[[Callable[[], Form | Refusal]], Awaitable[Form | Refusal]]


class FormReader:
    """Reads forms of at most `max_bytes`; to a longer one it says `too_large`."""

    def __init__(
        self, max_bytes: int, timeout_seconds: float, in_flight: InFlight, too_large: Refusal | None = None
    ) -> None:
        self.reader = BodyReader(max_bytes, timeout_seconds, in_flight, MEDIA_TYPE)
        self.reader.too_large = too_large or self.reader.too_large

    async def read(self, scope: Scope, receive: Receive, run: Run | None = None) -> Form | Refusal:
        """The form; a large one is parsed by `run`, in a thread. What it takes is held, not the body."""
        form = await self._read(scope, receive, run)
        if isinstance(form, Form):
            context_of(scope).keep(form.size_bytes)
        return form

    async def _read(self, scope: Scope, receive: Receive, run: Run | None) -> Form | Refusal:
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        text = body.decode("latin-1")
        return parsed(text) if run is None else await run(lambda: parsed(text))
