"""Spans by OpenTelemetry: the only module that imports it, itself imported only if a collector is set.

A thread sends spans in batches over OTLP/HTTP. While the collector is unavailable they are dropped; no request waits.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import Tracer as OtelTracer
from starlette.types import Scope

from service import __version__
from service.observability.tracing import ChildKind, SpanFacts, callers_span

TRACES_PATH = "/v1/traces"
EXPORT_SECONDS = 2.0
CLOSE_SECONDS = 2.0
METHODS = frozenset(("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"))
OTHER_METHOD = "_OTHER"
KINDS = {"internal": SpanKind.INTERNAL, "client": SpanKind.CLIENT}


class TraceIds(IdGenerator):
    """Gives a span without a parent the trace id of its request, and every span a random id of its own."""

    def __init__(self) -> None:
        self.trace_id = 0
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """Return the id that `OtlpTracer.request` has just set in this thread."""
        return self.trace_id

    def generate_span_id(self) -> int:
        """Return a random span id."""
        return self._random.generate_span_id()


class TracedWork:
    """A Span of OpenTelemetry."""

    def __init__(self, tracer: OtelTracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def traceparent(self) -> bytes | None:
        """Return the W3C `traceparent` header for another server; None without traces."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode()

    def note(self, facts: SpanFacts) -> None:
        """Set attributes, except those that are None. They never hold a text, a key or a header."""
        if self._span.is_recording():  # a stream that is read on outlives the request's span
            self._span.set_attributes({name: value for name, value in facts().items() if value is not None})

    @contextmanager
    def child(self, name: str, kind: ChildKind = "internal") -> Iterator["TracedWork"]:
        """Return a context manager: a child span that ends with its block.

        A failure sets the type of the error only, because messages may quote the request.
        """
        span = self._tracer.start_span(name, set_span_in_context(self._span), KINDS[kind])
        try:
            yield TracedWork(self._tracer, span)
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()


class TracedRequest(TracedWork):
    """A RequestSpan of OpenTelemetry."""

    def __init__(self, tracer: OtelTracer, span: OtelSpan, method: str) -> None:
        super().__init__(tracer, span)
        self._method = method

    def end(self, route: str, status: int) -> None:
        """End the span of a request that was answered; `route` is the pattern of its path."""
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500 or not status:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OtlpTracer:
    """A Tracer that sends spans to the collector at `url`. Each process makes one after the fork."""

    def __init__(self, url: str) -> None:
        self._ids = TraceIds()
        exporter = OTLPSpanExporter(traces_url(url), timeout=EXPORT_SECONDS)
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "weighbridge", "service.version": __version__}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("weighbridge", __version__)

    def request(self, scope: Scope, trace_id: str) -> TracedRequest:
        """Return the span of a new request with this trace id (32 hex digits).

        The caller's sampling decision is respected.
        """
        method = scope["method"] if scope["method"] in METHODS else OTHER_METHOD
        caller = callers_span(scope["headers"])
        parent = None
        if caller is not None:
            flags = TraceFlags(caller.flags)
            remote = SpanContext(int(trace_id, 16), int(caller.span_id, 16), is_remote=True, trace_flags=flags)
            parent = set_span_in_context(NonRecordingSpan(remote))
        self._ids.trace_id = int(trace_id, 16)
        span = self._tracer.start_span(method, parent, SpanKind.SERVER, {"http.request.method": method})
        return TracedRequest(self._tracer, span, method)

    def close(self) -> None:
        """Send the spans not yet sent, for a limited time. It blocks: call it in a thread.

        The library itself would block for 30 s.
        """
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def traces_url(url: str) -> str:
    """Return the URL that spans are sent to: the setting, with the standard path if it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + TRACES_PATH
