"""Traces by OpenTelemetry: the only place that knows it. Imported where a collector is set, and not otherwise.

Spans are sent by a thread, in batches over OTLP/HTTP. When the collector is away they are dropped; no call waits.
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
        """The id that was laid ready; it is asked for at once, in the same thread."""
        return self.trace_id

    def generate_span_id(self) -> int:
        """Random."""
        return self._random.generate_span_id()


class TracedWork:
    """See service.observability.tracing.Span."""

    def __init__(self, tracer: OtelTracer, span: OtelSpan) -> None:
        self._tracer = tracer
        self._span = span

    @property
    def traceparent(self) -> bytes | None:
        """See Span."""
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}".encode()

    def note(self, facts: SpanFacts) -> None:
        """See Span."""
        if self._span.is_recording():  # a stream that is read on outlives the request's span
            self._span.set_attributes({name: value for name, value in facts().items() if value is not None})

    @contextmanager
    def child(self, name: str, kind: ChildKind = "internal") -> Iterator["TracedWork"]:
        """See Span. A failure is marked by its kind alone: messages may quote what a caller sent."""
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
    """See service.observability.tracing.RequestSpan."""

    def __init__(self, tracer: OtelTracer, span: OtelSpan, method: str) -> None:
        super().__init__(tracer, span)
        self._method = method

    def end(self, route: str, status: int) -> None:
        """See RequestSpan."""
        self._span.update_name(f"{self._method} {route}")
        self._span.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500 or not status:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OtlpTracer:
    """A Tracer that sends to the collector at `url`. One a process, made after the fork."""

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
        """See Tracer. A caller that does not want its trace recorded is heard."""
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
        """See Tracer. The library itself would wait for half a minute."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)


def traces_url(url: str) -> str:
    """Where spans are sent: the setting, with the standard path if it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + TRACES_PATH
