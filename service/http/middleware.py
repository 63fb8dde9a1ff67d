"""The outermost layer: trace id, standard headers, access log, and an answer when all else fails."""

import logging
import secrets
import time
from collections.abc import Awaitable, Sequence

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.context import RequestContext
from service.http.cors import Cors
from service.http.errors import INTERNAL, UNAVAILABLE, error_reply, is_gateway
from service.http.request_limits import NAMED_HEADERS, head_refusal
from service.http.responses import WHOLE_REPLY, Header, Reply
from service.observability.metrics import Metrics
from service.observability.tracing import CURRENT_ID, NO_SPAN, NoTracer, Tracer, trace_id
from service.runtime.address_space import scarcity_in

STANDARD_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
QUIET_PATHS = ("/health", "/ready", "/metrics")
# Labels of what no route answers: there any caller may make up paths and methods.
NO_ROUTE, ANY_METHOD = "none", "other"
STARTS = ("http.response.start", WHOLE_REPLY)


class RequestMiddleware:
    """Wraps the whole application; see the module's docstring."""

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
        self.tracer = tracer or NoTracer()
        self.cors = cors or Cors(frozenset())
        self.standard_headers = (*STANDARD_HEADERS, HTTPS_ONLY) if https else STANDARD_HEADERS
        self.powered_by: tuple[Header, ...] = ((b"x-powered-by", powered_by.encode()),) if powered_by else ()
        self._standard_names = frozenset(name for name, _ in self.standard_headers)
        self.log = structlog.get_logger("access").bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer every HTTP request with a trace id, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = scope["weighbridge.context"] = RequestContext(trace_id(scope["headers"], scope.get(NAMED_HEADERS)))
        CURRENT_ID.set(context.trace_id)
        quiet = scope["path"] in QUIET_PATHS
        span = context.span = NO_SPAN if quiet else self.tracer.request(scope, context.trace_id)
        started = time.perf_counter()
        status = 0

        def stamped(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] in STARTS:
                status = message["status"]
                message["headers"] = [*message["headers"], *self._stamp(message["headers"], scope, context)]
            return send(message)

        try:
            # Sorted out here, not in a coroutine around the application: each one costs at every step of a call.
            usual = NAMED_HEADERS in scope and scope["method"] != "OPTIONS"
            answer = self.app if usual else self._early(scope, context) or self.app
            await answer(scope, receive, stamped)
        except Exception as error:
            reply = self._unhandled(error, scope, context)
            if status:
                raise
            await reply(scope, receive, stamped)
        finally:
            context.end()
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            if span is not NO_SPAN:
                span.note(lambda: {"weighbridge.account": context.account_id, "weighbridge.refusal": context.refusal})
                span.end(route, status)
            method = scope["method"] if route is not NO_ROUTE else ANY_METHOD
            self.metrics.request(method, route, status, seconds, context.refusal)
            level = logging.DEBUG if quiet else logging.INFO
            if self.log.is_enabled_for(level):
                self._tell(level, scope, context, status, seconds)

    def _unhandled(self, error: Exception, scope: Scope, context: RequestContext) -> Reply:
        """Log what broke, and return the reply to its call."""
        scarcity = scarcity_in(error)
        if scarcity is not None:
            # It says nothing about the request: the same one may be answered in a moment.
            self.log.error("out_of_resources", path=scope["path"], reason=repr(scarcity))
            context.refusal = UNAVAILABLE.code
            return error_reply(UNAVAILABLE, scope["path"], context.trace_id)
        event_id = secrets.token_hex(16)
        self.log.exception("unhandled_error", trace_id=context.trace_id, event_id=event_id, path=scope["path"])
        return error_reply(INTERNAL, scope["path"], context.trace_id, event_id)

    def _early(self, scope: Scope, context: RequestContext) -> Reply | None:
        """The reply to a call that no route has to see."""
        refusal = head_refusal(scope)
        if refusal is not None:
            context.refusal = refusal.code
            return error_reply(refusal, scope["path"], context.trace_id)
        return self.cors.preflight(scope) if scope["method"] == "OPTIONS" else None

    def _tell(self, level: int, scope: Scope, context: RequestContext, status: int, seconds: float) -> None:
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

    def _stamp(self, headers: list[Header], scope: Scope, context: RequestContext) -> list[Header]:
        """The trace id, what the layers inside noted, and each standard header that the reply does not set."""
        standard: Sequence[Header] = self.standard_headers
        present = dict(headers)
        if not self._standard_names.isdisjoint(present):
            standard = [header for header in standard if header[0] not in present]
        cors = self.cors.headers(scope) if self.cors.origins else ()
        own = (b"x-request-id", context.trace_id.encode())
        powered_by = self.powered_by if is_gateway(scope["path"]) else ()
        return [own, *powered_by, *context.reply_headers, *cors, *standard]
