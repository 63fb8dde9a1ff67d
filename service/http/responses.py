"""Replies: values that are ASGI applications and send themselves."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import NamedTuple

import structlog
from starlette.types import Receive, Scope, Send

from service.storage.errors import StoreUnavailable


async def disconnected(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


Header = tuple[bytes, bytes]
# Type of a message with status, headers and body of a reply, for servers that list it in the scope's `extensions`.
WHOLE_REPLY = "weighbridge.whole_reply"
# A longer body is sent in pieces, each when the one before is almost sent. This limits the server's buffer, and the
# request holds its bytes until its client has read the reply.
MAX_BYTES_AT_ONCE = 262_144
PIECE_BYTES = 65_536


class Reply(NamedTuple):
    """A complete reply. Header names are lower case."""

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
    """A reply that is sent in pieces; each is requested from the generator when the one before it has been sent.

    It ends when the client disconnects. If a store fails in between, the connection is closed without the end of the
    body, so that no client takes the part for the whole.
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
