"""Pages as HTTP replies: HTML with security headers, and refusals as pages that say what to do."""

import gzip
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.types import Receive, Scope, Send

from service.http.context import trace_of
from service.http.errors import Refusal
from service.http.responses import Header, Reply
from service.http.routing import Handler, Methods
from service.web.rendering import GZIPPED, VARY, Assets, Templates, accepts_gzip

HTML = b"text/html; charset=utf-8"
# Not no-referrer: with it, browsers send `Origin: null` with our own forms.
PAGE_HEADERS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"same-origin"),
)
MIN_PACKED_BYTES = 1_400


class Pages:
    """Renders templates into replies."""

    def __init__(self, templates: Templates, assets: Assets) -> None:
        self.templates = templates
        self.assets = assets

    def page(self, name: str, values: Mapping[str, Any], status: int = 200, headers: Sequence[Header] = ()) -> Reply:
        """Return a rendered template as a reply."""
        return Reply(status, self.templates.render(name, values).encode(), [*PAGE_HEADERS, *headers], HTML)

    def refused(self, refusal: Refusal, trace_id: str) -> Reply:
        """Return a refusal as a page."""
        values = {"refusal": refusal, "trace_id": trace_id}
        return self.page("refused.html", values, refusal.status, refusal.reply_headers)


class PageEndpoint:
    """An ASGI application for one page, by method.

    Pages without secrets are `packed` with gzip. Pages with secrets are not: the compressed size of a secret beside
    text of an attacker reveals the secret (BREACH).
    """

    def __init__(
        self, pages: Pages, handlers: Mapping[str, Handler], *, require_https: bool, packed: bool = True
    ) -> None:
        self.pages = pages
        self.methods = Methods(handlers, require_https=require_https)
        self.packed = packed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        trace = trace_of(scope)
        outcome = await self.methods.outcome(scope, receive)
        if isinstance(outcome, Refusal):
            trace.refusal = outcome.code
            outcome = self.pages.refused(outcome, trace.trace_id)
        if self.packed and isinstance(outcome, Reply):
            outcome = _gzip(outcome, scope)
        await outcome(scope, receive, send)


def redirect(path: str, headers: Sequence[Header] = ()) -> Reply:
    """Return a redirect to another page of ours, which the browser requests with GET."""
    return Reply(303, b"", [(b"location", path.encode("ascii")), *headers], HTML)


def _gzip(reply: Reply, scope: Scope) -> Reply:
    coded = any(name == b"content-encoding" for name, _ in reply.headers)
    if coded or len(reply.body) < MIN_PACKED_BYTES or not accepts_gzip(scope):
        return reply
    return reply._replace(body=gzip.compress(reply.body, 5, mtime=0), headers=[*reply.headers, GZIPPED, VARY])
