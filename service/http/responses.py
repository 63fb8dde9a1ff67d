"""A reply as a value that puts itself on the wire."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import NamedTuple

import structlog
from starlette.types import Receive, Scope, Send

from service.storage.errors import StoreUnavailable


async def disconnected(receive: Receive) -> None:
    """Return when the client has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


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


class StreamedReply(NamedTuple):
    """An ASGI application that sends the pieces. Each is asked for only when the one before it is on its way.

    A client that hangs up ends it. A store that fails in the middle ends the connection without the end of the body, so
    that no client takes the part for the whole.
    """

    status: int
    pieces: AsyncGenerator[bytes, None]
    headers: Sequence[Header] = ()
    content_type: bytes = b"application/octet-stream"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the reply; for HEAD without a body."""
        headers = [(b"content-type", self.content_type), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            if scope["method"] != "HEAD":
                async for piece in self.pieces:
                    if gone.done():
                        return
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except StoreUnavailable:
            structlog.get_logger().warning("reply_cut", path=scope["path"])
        finally:
            gone.cancel()
            await self.pieces.aclose()
