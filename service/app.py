"""The composition root: creates what the APIs share; each API creates its own objects and routes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from pricing_data import PriceBook
from service.connections import Connections
from service.console.routes import console_login, console_routes
from service.gateway.routes import Gateway
from service.http.context import InFlight
from service.http.cors import Cors
from service.http.endpoint import DirectRoutes
from service.http.health import Health, MetricsPage, Probe, Readiness
from service.http.middleware import RequestMiddleware
from service.observability.tracing import Tracer
from service.runtime.background import in_background
from service.runtime.clock import utc_today
from service.runtime.settings import Settings
from service.tokens.counting_pool import CountingPool, TextLimits
from service.tokens.price_freshness import Freshness
from service.tokens.providers.client import ProviderClient
from service.tokens.providers.endpoints import enabled_providers
from service.tokens.routes import token_routes
from service.web.routes import build_pages, page_routes
from service.web.unknown import UnknownPaths
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors


def create_app(
    settings: Settings,
    connections: Connections,
    registry: Registry,
    book: PriceBook,
    tracer: Tracer | None = None,
    take_lost_lines: Callable[[], int] = lambda: 0,
) -> Starlette:
    """Return the whole service as one ASGI application, for one process.

    `take_lost_lines` returns how many log lines were lost since its last call.
    """
    pool = counting_pool(settings, registry)
    client = ProviderClient(settings.provider_timeout_seconds)
    if enabled_providers(settings):
        client.open()
    freshness = Freshness(book, settings.prices_max_age_days, utc_today)
    gateway = Gateway(settings, connections, pool)
    login = console_login(settings, connections, pool.in_flight)
    probe = _probe(connections, pool, book, take_lost_lines)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        freshness.remark()
        probing = in_background("probe", probe.step, connections.metrics.task_failed)
        async with connections.open(), gateway.open(), probing:
            yield
        await client.close()
        pool.close()
        if tracer is not None:
            await asyncio.to_thread(tracer.close)

    pages = build_pages(settings, book)
    routes = [
        # Before the gateway's, whose models have names of any form: `/v1/models/{model}:countTokens`.
        *token_routes(settings, connections, pool, client, book, utc_today),
        *gateway.routes(),
        *console_routes(settings, connections, pool.in_flight, login),
        *operation_routes(connections, registry, freshness, probe),
        *page_routes(settings, connections, pool, book, utc_today, pages, login),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    # Without Starlette's ServerErrorMiddleware: RequestMiddleware answers errors, and a request passes one layer less.
    inside = DirectRoutes(ExceptionMiddleware(app.router, {HTTPException: UnknownPaths(pages)}), routes)
    app.middleware_stack = _middleware(inside, settings, connections, tracer)
    # A redirect would repeat the query, which may contain a key, in its Location.
    app.router.redirect_slashes = False
    app.state.close_calls_in = gateway.calls.close_in
    return app


def _probe(connections: Connections, pool: CountingPool, book: PriceBook, take_lost_lines: Callable[[], int]) -> Probe:
    return Probe(
        connections.metrics,
        pool.in_flight,
        lambda: connections.limiter.shared,
        book.recorded_at,
        utc_today,
        take_lost_lines,
    )


def _middleware(
    inside: ASGIApp, settings: Settings, connections: Connections, tracer: Tracer | None
) -> RequestMiddleware:
    return RequestMiddleware(
        inside,
        Cors(settings.allowed_origins),
        connections.metrics,
        tracer,
        https=settings.require_https,
        powered_by=settings.gateway_powered_by,
    )


def counting_pool(settings: Settings, registry: Registry) -> CountingPool:
    """Return the pool in which all APIs count, with the limit of bytes in memory."""
    limits = TextLimits(settings.max_text_characters, settings.max_expanded_bytes)
    in_flight = InFlight(settings.max_bytes_in_flight)
    return CountingPool(registry, limits, in_flight, counting_threads(usable_processors(), settings.workers))


def counting_threads(processors: int, workers: int) -> int:
    """Return the threads of a worker: its share of the processors, rounded up.

    At least two if there are two processors, so that a long count does not block all others of its worker.
    """
    return max(-(-processors // workers), min(2, processors))


def operation_routes(connections: Connections, registry: Registry, freshness: Freshness, probe: Probe) -> list[Route]:
    """Return the routes for operators: health, readiness and metrics."""

    def damaged_vocabularies() -> str | None:
        return "; ".join(str(fault) for fault in registry.faults.values()) or None

    remarks = {"vocabularies": damaged_vocabularies, "prices": freshness.remark}
    return [
        Route("/health", Health(), methods=["GET"]),
        Route("/ready", Readiness(connections.faults, remarks), methods=["GET"]),
        Route("/metrics", MetricsPage(connections.metrics, probe.look), methods=["GET"]),
    ]
