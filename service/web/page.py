"""Pages as HTTP replies: HTML with security headers, and refusals as pages that say what to do."""

import gzip
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.types import Scope

from service.http.context import RequestContext
from service.http.endpoint import Endpoint, PublicHandler, Sendable, public
from service.http.errors import Refusal
from service.http.responses import Header, Reply
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


class PageEndpoint(Endpoint):
    """The endpoint of one page, which anybody may request; pages that need a session check it in their handlers.

    Pages without secrets are `packed` with gzip. Pages with secrets are not: the compressed size of a secret beside
    text of an attacker reveals the secret (BREACH).
    """

    def __init__(
        self, pages: Pages, handlers: Mapping[str, PublicHandler], *, require_https: bool, packed: bool = True
    ) -> None:
        operations = {method: public(handle) for method, handle in handlers.items()}
        super().__init__(operations, require_https=require_https)
        self.pages = pages
        self.packed = packed

    def refuse(self, refusal: Refusal, scope: Scope, context: RequestContext) -> Reply:
        """Return the refusal as a page."""
        return self.pages.refused(refusal, context.trace_id)

    def encode(self, reply: Sendable, scope: Scope) -> Sendable:
        """Return the page compressed, if the browser accepts that."""
        return _gzip(reply, scope) if self.packed and isinstance(reply, Reply) else reply


def redirect(path: str, headers: Sequence[Header] = ()) -> Reply:
    """Return a redirect to another page of ours, which the browser requests with GET."""
    return Reply(303, b"", [(b"location", path.encode("ascii")), *headers], HTML)


def _gzip(reply: Reply, scope: Scope) -> Reply:
    coded = any(name == b"content-encoding" for name, _ in reply.headers)
    if coded or len(reply.body) < MIN_PACKED_BYTES or not accepts_gzip(scope):
        return reply
    return reply._replace(body=gzip.compress(reply.body, 5, mtime=0), headers=[*reply.headers, GZIPPED, VARY])
