"""A real OpenTelemetry collector, as far as tests need one: it takes OTLP over HTTP and keeps what it got."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.served import served


class Received(NamedTuple):
    """One span. Ids are hex digits; a span without a parent has an empty one."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    failed: bool
    attributes: dict[str, Any]


class FakeCollector:
    """`spans` in the order in which they came, `bodies` as they were on the wire."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.bodies: list[bytes] = []
        self.resources: list[dict[str, Any]] = []
        self.url = ""
        self.has_been_asked = threading.Event()

    def app(self) -> Starlette:
        """As an ASGI application."""
        return Starlette(routes=[Route("/v1/traces", self._take, methods=["POST"])])

    def named(self, name: str) -> list[Received]:
        """The spans of that name."""
        return [span for span in self.spans if span.name == name]

    def children_of(self, parent: Received) -> dict[str, Received]:
        """The spans of the parts of that work, by name."""
        return {span.name: span for span in self.spans if span.parent_id == parent.span_id}

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        self.bodies.append(body)
        self.has_been_asked.set()
        message = ExportTraceServiceRequest.FromString(body)
        for resource_spans in message.resource_spans:
            self.resources.append(_attributes(resource_spans.resource.attributes))
            for scope_spans in resource_spans.scope_spans:
                self.spans += map(_received, scope_spans.spans)
        return Response(b"", media_type="application/x-protobuf")


def _received(span: Any) -> Received:
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Received(span.name, *ids, span.kind, span.status.code == 2, _attributes(span.attributes))


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    return [_value(item) for item in found.values] if kind == "array_value" else found


@contextmanager
def fake_collector() -> Iterator[FakeCollector]:
    """Run a collector for the time of the block."""
    collector = FakeCollector()
    with served(collector.app()) as server:
        collector.url = server.url
        yield collector
