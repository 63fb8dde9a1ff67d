"""A request and its reply on a connection: uvicorn's, with a quicker way to write a reply that is there as a whole."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from service.reply import Header

NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
# What no value may hold but a tab.
CONTROLS: Final = bytes({*range(32), 127} - {*b"\t"})
MOST_SETS_OF_NAMES = 1_000
WITHOUT_BODY: Final = (204, 304)


class Exchange(RequestResponseCycle):
    """What an application receives and sends; names of headers are lower case, as ASGI has it.

    A head that says how long the body is waits for the body's beginning: one write for both.
    """

    _head = b""

    async def send(self, message: Any) -> None:
        """See ASGI."""
        if self._head and message["type"] == "http.response.body":
            head, self._head = self._head, b""
            body = message.get("body", b"")
            is_whole = len(body) == self.expected_content_length and not message.get("more_body", False)
            if is_whole and not self.disconnected and self.scope["method"] != "HEAD":
                self._finish(head + body)
                return
            self.transport.write(head)
        elif not (self.response_started or self.disconnected or self.flow.write_paused):
            if message["type"] != "http.response.start":
                raise RuntimeError(f"{message['type']} before the head of the response")
            self._start(message["status"], message.get("headers", ()))
            return
        await super().send(message)

    def _start(self, status: int, headers: Sequence[Header]) -> None:
        lines = [*self.default_headers, *headers]
        named = dict(lines)
        _check_names(frozenset(named))
        if b"close" in named.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        if b"content-length" in named and b"transfer-encoding" not in named:
            self.expected_content_length = int(named[b"content-length"])
            self.chunked_encoding = False
        elif self.scope["method"] != "HEAD" and status not in WITHOUT_BODY:
            self.chunked_encoding = True
            if b"transfer-encoding" not in named:
                lines.append((b"transfer-encoding", b"chunked"))
        head = _joined(STATUS_LINE[status], lines)
        self.response_started = True
        self.waiting_for_100_continue = False
        if self.chunked_encoding is False:
            self._head = head
        else:
            self.transport.write(head)

    def _finish(self, reply: bytes) -> None:
        self.transport.write(reply)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(MOST_SETS_OF_NAMES)
def _check_names(names: Iterable[bytes]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise RuntimeError(f"Not a header's name: {name!r}")


def _joined(status_line: bytes, headers: Sequence[Header]) -> bytes:
    lines = [status_line.removesuffix(b"\r\n"), *map(b": ".join, headers), b"", b""]
    head = b"\r\n".join(lines)
    # One look at all of it: a look at each value takes longer than all the rest.
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) - 1):
        raise RuntimeError("A header's value has a control character in it.")
    return head
