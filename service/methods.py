"""What a route does by method, whatever it answers with."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope

from service.errors import HTTPS_REQUIRED, UNAVAILABLE, Refusal
from service.reply import Reply
from service.stores.errors import StoreUnavailable
from service.streamed_reply import StreamedReply

Answer = Reply | StreamedReply | Refusal
Handler = Callable[[Scope, Receive], Awaitable[Answer]]


class Methods:
    """The handlers of a route by method; where HTTPS is demanded nothing else reaches them.

    HEAD is answered like GET; the HTTP server leaves the body out.
    """

    def __init__(self, handlers: Mapping[str, Handler], *, require_https: bool) -> None:
        heads = {"HEAD": handlers["GET"]} if "GET" in handlers else {}
        self.handlers = {**handlers, **heads}
        self.require_https = require_https

    async def outcome(self, scope: Scope, receive: Receive) -> Answer:
        """A reply, or why there is none; a store that is away is a refusal too."""
        if self.require_https and scope["scheme"] != "https":
            return HTTPS_REQUIRED
        try:
            return await self.handlers[scope["method"]](scope, receive)
        except StoreUnavailable:
            return UNAVAILABLE
