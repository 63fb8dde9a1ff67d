"""A request and its reply on a connection: uvicorn's, with a short way for a reply that is there as a whole."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from service.reply import WHOLE_REPLY, Header

NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What no value may hold but a tab.
CONTROLS: Final = bytes({*range(32), 127} - {*b"\t"})
MOST_LISTS_OF_NAMES = 1_000


class Exchange(RequestResponseCycle):
    """What an application receives and sends. It may send a WHOLE_REPLY, which is one write."""

    async def send(self, message: Any) -> None:
        """See ASGI."""
        if message["type"] != WHOLE_REPLY:
            await super().send(message)
        elif self.flow.write_paused or self.response_started or self.scope["method"] == "HEAD":
            start: Any = {**message, "type": "http.response.start"}
            await super().send(start)
            await super().send({"type": "http.response.body", "body": message["body"]})
        elif not self.disconnected:
            self._write(message["status"], message["headers"], message["body"])

    def _write(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        lines = [*self.default_headers, *headers]
        named = dict(lines)
        _check_names(tuple(named))
        if b"connection" in named:
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        self.transport.write(_head(STATUS_LINE[status], lines) + body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


@lru_cache(MOST_LISTS_OF_NAMES)
def _check_names(names: Iterable[bytes]) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise RuntimeError(f"Not a header's name: {name!r}")


def _head(status_line: bytes, headers: Sequence[Header]) -> bytes:
    lines = [status_line.removesuffix(b"\r\n"), *map(b": ".join, headers), b"", b""]
    head = b"\r\n".join(lines)
    # One look at all of it: a look at each value takes longer than all the rest.
    if len(head) - len(head.translate(None, CONTROLS)) != 2 * (len(lines) - 1):
        raise RuntimeError("A header's value has a control character in it.")
    return head
