"""A reply as a value that puts itself on the wire."""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

Header = tuple[bytes, bytes]
# A message with status, headers and body of a reply, for a server that says in `extensions` that it takes such.
WHOLE_REPLY = "weighbridge.whole_reply"
# A longer body is sent in pieces, each when the one before is nearly on its way: the server buffers no more than that,
# and the request, with the bytes that it holds, is over when its client has read the reply.
MAX_BYTES_AT_ONCE = 262_144
PIECE_BYTES = 65_536


class Reply(NamedTuple):
    """A whole answer, and an ASGI application that sends it. Header names are lower case."""

    status: int
    body: bytes
    headers: Sequence[Header] = ()
    content_type: bytes = b"application/json"

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Send the reply; the HTTP server leaves the body out for HEAD."""
        length = b"%d" % len(self.body)
        headers = [(b"content-type", self.content_type), (b"content-length", length), *self.headers]
        if len(self.body) > MAX_BYTES_AT_ONCE:
            return self._send_in_pieces(headers, send)
        if WHOLE_REPLY in scope.get("extensions", ()):
            return send({"type": WHOLE_REPLY, "status": self.status, "headers": headers, "body": self.body})
        return self._send_in_two(headers, send)

    async def _send_in_two(self, headers: Sequence[Header], send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    async def _send_in_pieces(self, headers: Sequence[Header], send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for start in range(0, len(self.body), PIECE_BYTES):
            piece = self.body[start : start + PIECE_BYTES]
            more = start + PIECE_BYTES < len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})
