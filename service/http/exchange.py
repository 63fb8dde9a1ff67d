"""One request and its reply on a connection: uvicorn's cycle, with a fast path for complete replies."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.http.responses import WHOLE_REPLY, Header

NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Characters that no header value may contain.
CONTROLS: Final = bytes({*range(32), 127} - {*b"\t"})
MAX_LISTS_OF_NAMES = 1_000
NAME_OF: Final = itemgetter(0)


class HttpExchange(RequestResponseCycle):
    """What an application receives and sends. A WHOLE_REPLY is sent with one write."""

    # Initial state as class attributes, because most exchanges change little of it.
    access_log = False
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding = None
    expected_content_length = 0

    def __init__(self, protocol: HttpToolsProtocol, sent: "asyncio.Future[None]", *, keep_alive: bool) -> None:
        """`sent` is a completed future: awaiting it after a write is cheaper than an empty coroutine."""
        self.scope = protocol.scope
        self.transport = protocol.transport
        self.flow = protocol.flow
        self.logger = protocol.logger
        self.access_logger = protocol.access_logger
        self.default_headers = protocol.server_state.default_headers
        self.message_event = asyncio.Event()
        self.sent = sent
        self.on_response = protocol.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = protocol.expect_100_continue
        # Not a bytearray, so that a body received in one piece is not copied.
        self.body = b""  # type: ignore[assignment]

    def send(self, message: Any) -> Any:
        """Send an ASGI message, or a WHOLE_REPLY."""
        if message["type"] != WHOLE_REPLY:
            return super().send(message)
        if self.flow.write_paused or self.response_started or self.scope["method"] == "HEAD":
            return self._send_in_two(message)
        if not self.disconnected:
            self._write(message["status"], message["headers"], message["body"])
        return self.sent

    async def _send_in_two(self, message: Any) -> None:
        start: Any = {**message, "type": "http.response.start"}
        await super().send(start)
        await super().send({"type": "http.response.body", "body": message["body"]})

    def _write(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        lines = [*self.default_headers, *headers]
        if _names_connection(tuple(map(NAME_OF, lines))):
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        self.transport.write(head_of_reply(STATUS_LINE[status], lines) + body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(MAX_LISTS_OF_NAMES)
def _names_connection(names: tuple[bytes, ...]) -> bool:
    for name in names:
        if not NAME.fullmatch(name):
            raise RuntimeError(f"Not a header's name: {name!r}")
    return b"connection" in names


def head_of_reply(status_line: bytes, headers: Sequence[Header]) -> bytes:
    """Return status line, headers and the empty line. Raise RuntimeError for a control character in a value."""
    lines = [status_line.removesuffix(b"\r\n"), *map(b": ".join, headers), b"", b""]
    head = b"\r\n".join(lines)
    # One check of the whole head: checking each value would take longer than building the head.
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) - 1):
        raise RuntimeError("A header's value has a control character in it.")
    return head
