"""The outermost middleware: trace id, standard headers, metrics, access log, and a reply to unhandled errors."""

import logging
import secrets
import time
from collections.abc import Awaitable, Sequence
from functools import lru_cache
from random import getrandbits

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.context import CONTEXT, RequestContext
from service.http.cors import Cors
from service.http.error_formats import error_reply, is_gateway
from service.http.errors import INTERNAL, UNAVAILABLE
from service.http.request_limits import NAMED_HEADERS, head_refusal
from service.http.responses import WHOLE_REPLY, Header, Reply
from service.observability.metrics import Metrics
from service.observability.tracing import CURRENT_ID, NO_SPAN, Tracer, callers_trace_id
from service.runtime.process_limits import scarcity_in

STANDARD_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
QUIET_PATHS = ("/health", "/ready", "/metrics")
# Metric labels of requests without a route: callers choose path and method, and labels must stay few.
NO_ROUTE, ANY_METHOD = "none", "other"
STARTS = ("http.response.start", WHOLE_REPLY)
MAX_PATHS = 1_000


class RequestMiddleware:
    """Wraps the whole application; `https` adds the HSTS header, `powered_by` is sent with replies of the gateway."""

    def __init__(
        self,
        app: ASGIApp,
        cors: Cors | None = None,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        *,
        https: bool = False,
        powered_by: str = "",
    ) -> None:
        self.app = app
        self.metrics = metrics or Metrics()
        self.tracer = tracer
        self.cors = cors or Cors(frozenset())
        self.standard_headers = (*STANDARD_HEADERS, HTTPS_ONLY) if https else STANDARD_HEADERS
        self.powered_by: tuple[Header, ...] = ((b"x-powered-by", powered_by.encode()),) if powered_by else ()
        self.log = structlog.get_logger("access").bind()
        self._standard_names = frozenset(name for name, _ in self.standard_headers)
        self._is_gateway = lru_cache(MAX_PATHS)(is_gateway)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; every HTTP reply has a trace id, also after an error."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = scope[CONTEXT] = RequestContext(request_trace_id(scope))
        CURRENT_ID.set(context.trace_id)
        quiet = scope["path"] in QUIET_PATHS
        if not quiet and self.tracer is not None:
            context.span = self.tracer.request(scope, context.trace_id)
        started = time.perf_counter()
        status = 0

        def send_with_headers(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] in STARTS:
                status = message["status"]
                message["headers"] = [*message["headers"], *self._headers(message["headers"], scope, context)]
            return send(message)

        try:
            # Decided here instead of in a middleware of its own: each coroutine around the application costs time.
            is_usual = NAMED_HEADERS in scope and scope["method"] != "OPTIONS"
            app = self.app if is_usual else self._early_reply(scope, context) or self.app
            await app(scope, receive, send_with_headers)
        except Exception as error:
            reply = self._error_reply(error, scope, context)
            if status:
                raise
            await reply(scope, receive, send_with_headers)
        finally:
            if context.hold is not None:
                context.end()
            self._record(scope, context, status, time.perf_counter() - started, quiet=quiet)

    def _early_reply(self, scope: Scope, context: RequestContext) -> Reply | None:
        """Return the reply to a request that is answered before routing: its head is too large, or a CORS preflight."""
        refusal = head_refusal(scope)
        if refusal is not None:
            context.refusal = refusal.code
            return error_reply(refusal, scope["path"], context.trace_id)
        return self.cors.preflight(scope) if scope["method"] == "OPTIONS" else None

    def _headers(self, headers: list[Header], scope: Scope, context: RequestContext) -> list[Header]:
        """Return the headers to add: trace id, those of the request's context, and standard ones not yet set."""
        standard: Sequence[Header] = self.standard_headers
        present = dict(headers)
        if not self._standard_names.isdisjoint(present):
            standard = [header for header in standard if header[0] not in present]
        cors = self.cors.headers(scope) if self.cors.origins else ()
        own = (b"x-request-id", context.trace_id.encode())
        powered_by = self.powered_by if self._is_gateway(scope["path"]) else ()
        return [own, *powered_by, *context.reply_headers, *cors, *standard]

    def _error_reply(self, error: Exception, scope: Scope, context: RequestContext) -> Reply:
        """Log an unhandled error, and return the reply to its request: 503 if the process lacks resources, else 500."""
        scarcity = scarcity_in(error)
        if scarcity is not None:
            self.log.error("out_of_resources", path=scope["path"], reason=repr(scarcity))
            context.refusal = UNAVAILABLE.code
            return error_reply(UNAVAILABLE, scope["path"], context.trace_id)
        event_id = secrets.token_hex(16)
        self.log.exception("unhandled_error", trace_id=context.trace_id, event_id=event_id, path=scope["path"])
        return error_reply(INTERNAL, scope["path"], context.trace_id, event_id)

    def _record(self, scope: Scope, context: RequestContext, status: int, seconds: float, *, quiet: bool) -> None:
        """Write span, metrics and access log of a request that is over."""
        route = getattr(scope.get("route"), "path", NO_ROUTE)
        if context.span is not NO_SPAN:
            context.span.note(
                lambda: {"weighbridge.account": context.account_id, "weighbridge.refusal": context.refusal}
            )
            context.span.end(route, status)
        method = scope["method"] if route is not NO_ROUTE else ANY_METHOD
        self.metrics.request(method, route, status, seconds, context.refusal)
        level = logging.DEBUG if quiet else logging.INFO
        if self.log.is_enabled_for(level):
            self.log.log(
                level,
                "request",
                trace_id=context.trace_id,
                method=scope["method"],
                path=scope["path"],
                status=status,
                milliseconds=round(seconds * 1000, 2),
                account=context.account_id,
                refusal=context.refusal,
                client=scope["client"][0] if scope.get("client") else None,
            )


def request_trace_id(scope: Scope) -> str:
    """Return 32 hex digits: the caller's trace id if it sent exactly one valid `traceparent`, else a new one."""
    named = scope.get(NAMED_HEADERS)
    has_parent = b"traceparent" in (dict(scope["headers"]) if named is None else named)
    return (callers_trace_id(scope["headers"]) if has_parent else None) or f"{getrandbits(128):032x}"
