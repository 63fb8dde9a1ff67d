"""The outermost layer: trace id, standard headers, access log, and an answer when all else fails."""

import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import INTERNAL, error_reply
from service.reply import Header
from service.trace import Trace, trace_id

STANDARD_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
QUIET_PATHS = ("/health", "/ready")


class Edge:
    """Wraps the whole application; see the module's docstring."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.log = structlog.get_logger("access")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer every HTTP request with a trace id, whatever happens inside."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = scope["weighbridge.trace"] = Trace(trace_id(scope["headers"]))
        started = time.perf_counter()
        status = 0

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_stamp(message["headers"], trace)]
            await send(message)

        try:
            await self.app(scope, receive, stamped)
        except Exception:
            event_id = secrets.token_hex(16)
            self.log.exception("unhandled_error", trace_id=trace.trace_id, event_id=event_id, path=scope["path"])
            if status:
                raise
            await error_reply(INTERNAL, scope["path"], trace.trace_id, event_id)(scope, receive, stamped)
        finally:
            self._record(scope, trace, status, time.perf_counter() - started)

    def _record(self, scope: Scope, trace: Trace, status: int, seconds: float) -> None:
        level = "debug" if scope["path"] in QUIET_PATHS else "info"
        getattr(self.log, level)(
            "request",
            trace_id=trace.trace_id,
            method=scope["method"],
            path=scope["path"],
            status=status,
            milliseconds=round(seconds * 1000, 2),
            account=trace.account_id,
            refusal=trace.refusal,
            client=scope["client"][0] if scope.get("client") else None,
        )


def _stamp(headers: list[Header], trace: Trace) -> list[Header]:
    """The trace id, what the layers inside noted, and each standard header that the reply does not set."""
    present = {name for name, _ in headers}
    return [
        (b"x-request-id", trace.trace_id.encode()),
        *trace.reply_headers,
        *(header for header in STANDARD_HEADERS if header[0] not in present),
    ]
