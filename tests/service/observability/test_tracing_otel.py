"""Whether calls are traced, and what happens when the collector is unreachable."""

import socket
import subprocess
import sys
from typing import Any

import click
import pytest

from service.cli.serve_preparation import tracer_maker
from service.observability.tracing import random_id
from service.observability.tracing_otel import OtlpTracer, traces_url
from service.runtime.settings import Settings

SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "headers": []}
NOT_LOADED = (
    "import sys, service.cli.serve_preparation\n"
    "tracing = ('service.observability.tracing_otel', 'opentelemetry.exporter')\n"
    "sys.exit(any(name.startswith(tracing) for name in sys.modules))"
)


def trace_one(collector: OtlpTracer) -> None:
    """Record the spans of a request with one part."""
    span = collector.request(SCOPE, random_id())
    with span.child("part"):
        pass
    span.end("/health", 200)


def test_without_a_collector_nothing_is_loaded() -> None:
    """The service does not import what traces need unless a collector is set, and then traces nothing."""
    assert tracer_maker(Settings.model_validate({}))() is None
    assert subprocess.run([sys.executable, "-c", NOT_LOADED], check=False).returncode == 0


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting but without the package the start ends with a sentence that says what to install."""
    monkeypatch.delitem(sys.modules, "service.observability.tracing_otel")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(click.ClickException, match=r"pip install 'weighbridge\[traces\]'"):
        tracer_maker(Settings.model_validate({"otlp_endpoint": "http://127.0.0.1:4318"}))


def test_a_collector_that_never_answers_does_not_hold_up_the_end() -> None:
    """Spans end and the tracer closes although the collector accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        collector = OtlpTracer(f"http://127.0.0.1:{black_hole.getsockname()[1]}")
        for _ in range(5_000):  # more than are kept
            trace_one(collector)
        collector.close()


def test_a_collector_that_is_not_there_harms_nothing() -> None:
    """Without a collector spans are dropped, and the tracer closes."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    collector = OtlpTracer(f"http://127.0.0.1:{port}")
    trace_one(collector)
    collector.close()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("https://c/otlp/v1/traces", "https://c/otlp/v1/traces"),
    ],
)
def test_the_address_may_leave_out_the_standard_path(setting: str, expected: str) -> None:
    """A collector's base URL is completed; a URL with a path is used as it is."""
    assert traces_url(setting) == expected
