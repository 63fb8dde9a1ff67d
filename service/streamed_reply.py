"""A reply whose body is made while it is sent, piece by piece, as fast as the client reads."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

import structlog
from starlette.types import Receive, Scope, Send

from service.disconnect import disconnected
from service.reply import Header
from service.stores.errors import StoreUnavailable


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
