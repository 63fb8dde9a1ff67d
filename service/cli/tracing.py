"""Whether calls are traced, decided when the service starts."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

import click

from service.observability.tracing import Tracer
from service.runtime.settings import Settings

MISSING = (
    "WEIGHBRIDGE_OTLP_ENDPOINT is set, but the package {package} is not installed. "
    "Install the extra: pip install 'weighbridge[traces]'; or take the setting away."
)


def tracer_maker(settings: Settings) -> Callable[[], Tracer | None]:
    """Return what makes the tracer of a worker after the fork. Without a collector it makes None."""
    if settings.otlp_endpoint is None:
        return lambda: None
    try:
        traces = import_module("service.observability.tracing_otel")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise click.ClickException(MISSING.format(package=error.name)) from None
    return partial(traces.OtlpTracer, settings.otlp_endpoint)
