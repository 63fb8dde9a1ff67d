"""Replies for paths that do not exist: a page for browsers, JSON for programs and for paths of the APIs."""

from collections.abc import Iterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.http.context import context_of
from service.http.error_formats import error_reply
from service.http.errors import METHOD_NOT_ALLOWED, UNKNOWN_ROUTE, Refusal
from service.web.page import Pages

API_PATHS = ("/v1/", "/v1beta/", "/v1beta1/", "/api/")
HTML, JSON = "text/html", "application/json"


class UnknownPaths:
    """Handles the router's exceptions: unknown path, or method not allowed."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def __call__(self, request: Request, error: Exception) -> Response:
        """Return the error reply to a request that no route answers."""
        # The router sets the route for a method that is not allowed too. Remove it: it must not appear in metrics.
        request.scope.pop("route", None)
        refusal, context = _refusal(error), context_of(request.scope)
        context.refusal = refusal.code
        # Not `request.url`: it is built from the Host header, which may be invalid.
        path = request.scope["path"]
        if not f"{path}/".startswith(API_PATHS) and prefers_html(request.headers.getlist("accept")):
            reply = self._pages.refused(refusal, context.trace_id)
        else:
            reply = error_reply(refusal, path, context.trace_id)
        headers = {name.decode(): value.decode() for name, value in reply.headers}
        return Response(reply.body, reply.status, headers, media_type=reply.content_type.decode())


def prefers_html(accept: list[str]) -> bool:
    """Return whether the Accept headers prefer HTML to JSON, as those of browsers do."""
    qualities = dict(_qualities(",".join(accept)))
    ranges = [(kind, f"{kind.partition('/')[0]}/*", "*/*") for kind in (HTML, JSON)]
    html, json = (next((qualities[each] for each in names if each in qualities), 0.0) for names in ranges)
    return html > json


def _qualities(accept: str) -> Iterator[tuple[str, float]]:
    """Yield every media range with its quality; an invalid quality is 0."""
    for part in accept.lower().split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        yield kind, float(quality) if quality.replace(".", "", 1).isdecimal() else 0.0


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED.status:
        allow = (error.headers or {}).get("Allow", "")
        refusal = METHOD_NOT_ALLOWED.saying(f"This path answers {allow} only.")
        return refusal.with_headers([(b"allow", allow.encode())])
    return UNKNOWN_ROUTE
