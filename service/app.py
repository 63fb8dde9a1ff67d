"""The composition root: every object is made here and passed in; routes and their order are on one screen."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pricing_data import PriceBook
from service.accounts import Scope
from service.body import BodyReader
from service.connections import Connections, utc_now
from service.console.endpoint import ConsoleEndpoint, Handler, SessionGate
from service.console.keys import ConsoleKeys
from service.console.login import Login
from service.console.passwords import Passwords
from service.cors import Cors
from service.counting import CountingPool, TextLimits
from service.edge import Edge
from service.errors import METHOD_NOT_ALLOWED, UNKNOWN_ROUTE, error_reply
from service.gate import Gate
from service.gateway.gateway import Gateway
from service.in_flight import InFlight
from service.limits import Allowance
from service.operation import Health, Numbers, Readiness
from service.prices.freshness import Freshness
from service.probe import Probe
from service.providers.client import ProviderClient
from service.providers.counts import ProviderCounts
from service.providers.enabled import enabled_providers
from service.settings import Settings
from service.tokens.catalogue import Catalogue
from service.tokens.count import CountEndpoint
from service.tokens.encode import EncodeEndpoint
from service.tokens.endpoint import TokenEndpoint
from service.tokens.prices import PriceHistories
from service.tokens.request import CountRequests
from service.trace import trace_of
from service.web.routes import page_routes
from tokenizer_registry import Registry

CONSOLE_BODY_BYTES = 10_000


def create_app(
    settings: Settings,
    connections: Connections,
    registry: Registry,
    book: PriceBook,
    at_point: Callable[[str], None] = lambda _: None,
) -> Starlette:
    """The whole service as one ASGI application, for one process; `at_point` hears how far gateway calls are."""
    gate = Gate(
        connections.authenticator,
        connections.limiter,
        Allowance(settings.rate_limit_per_second, settings.quota_per_month),
        scope=Scope.TOKENS,
        require_https=settings.require_https,
    )
    in_flight = InFlight(settings.max_bytes_in_flight)
    limits = TextLimits(settings.max_text_characters, settings.max_expanded_bytes)
    pool = CountingPool(registry, limits, in_flight, threads=os.cpu_count() or 1)
    reader = BodyReader(settings.max_body_bytes, settings.body_timeout_seconds, in_flight)
    requests = CountRequests(registry.models, settings.max_models)
    catalogue = Catalogue(registry.models, book, utc_today)
    client = ProviderClient(settings.provider_timeout_seconds)
    provider_counts = ProviderCounts(
        enabled_providers(settings),
        registry.models,
        client,
        timeout_seconds=settings.provider_timeout_seconds,
        clock=time.monotonic,
    )
    count = CountEndpoint(reader, requests, pool, provider_counts, book, utc_today, connections.metrics.counted)
    encode = EncodeEndpoint(reader, pool, settings.max_encode_characters)
    histories = PriceHistories(registry.models, book, utc_today)
    freshness = Freshness(book, settings.prices_max_age_days, utc_today)
    gateway = Gateway(settings, connections, pool, at_point)
    recorded_at = max((row.recorded_at for row in book.rows), default=None)
    probe = Probe(connections.metrics, in_flight, connections.limiter, recorded_at, utc_today)

    def damaged_vocabularies() -> str | None:
        return "; ".join(str(fault) for fault in registry.faults.values()) or None

    remarks = {"vocabularies": damaged_vocabularies, "prices": freshness.remark}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        freshness.remark()
        async with connections.open(), gateway.open():
            probing = asyncio.create_task(probe.run())
            yield
            probing.cancel()
        await client.close()
        pool.close()

    app = Starlette(
        routes=[
            Route("/v1/tokens/models", TokenEndpoint(gate, catalogue.list_models), methods=["GET"]),
            Route("/v1/tokens/authors", TokenEndpoint(gate, catalogue.list_authors), methods=["GET"]),
            Route("/v1/tokens/count", TokenEndpoint(gate, count.count), methods=["POST"]),
            Route("/v1/tokens/encode", TokenEndpoint(gate, encode.encode), methods=["POST"]),
            Route("/v1/tokens/prices/{name}", TokenEndpoint(gate, histories.show), methods=["GET"]),
            *console_routes(settings, connections, in_flight),
            *gateway.routes(),
            Route("/health", Health(), methods=["GET"]),
            Route("/ready", Readiness(connections.faults, remarks), methods=["GET"]),
            Route("/metrics", Numbers(connections.metrics, probe.look), methods=["GET"]),
            *page_routes(settings, connections, pool, book, utc_today),
        ],
        middleware=[
            Middleware(Edge, Cors(settings.allowed_origins), connections.metrics, https=settings.require_https)
        ],
        exception_handlers={HTTPException: refuse_route},
        lifespan=lifespan,
    )
    # A redirect would repeat the query, and with it a key, in its Location.
    app.router.redirect_slashes = False
    app.state.close_calls_in = gateway.calls.close_in
    return app


def console_routes(settings: Settings, connections: Connections, in_flight: InFlight) -> list[Route]:
    """Logging in, and the keys of an account."""
    reader = BodyReader(min(CONSOLE_BODY_BYTES, settings.max_body_bytes), settings.body_timeout_seconds, in_flight)
    users, sessions = connections.users, connections.sessions
    login = Login(reader, users, Passwords(), sessions, connections.login_attempts)
    keys = ConsoleKeys(reader, connections.accounts, connections.revocations.publish, utc_now)
    guarding = SessionGate(sessions, users).guarding
    handlers: dict[str, dict[str, Handler]] = {
        "/api/console/session": {"POST": login.log_in},
        "/api/gateway/keys": {"POST": guarding(keys.create), "GET": guarding(keys.list_all)},
        "/api/gateway/keys/{key_id}": {"DELETE": guarding(keys.revoke)},
    }
    return [
        Route(path, ConsoleEndpoint(by_method, require_https=settings.require_https), methods=[*by_method])
        for path, by_method in handlers.items()
    ]


def utc_today() -> date:
    """The date that prices are read at."""
    return utc_now().date()


async def refuse_route(request: Request, error: Exception) -> Response:
    """No such path, or not with that method: the router's own exceptions, in the API's shape."""
    refusal = UNKNOWN_ROUTE
    if isinstance(error, HTTPException) and error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        refusal = METHOD_NOT_ALLOWED.saying(f"This path answers {allow} only.")
        refusal = refusal.with_headers([(b"allow", allow.encode())])
    trace = trace_of(request.scope)
    trace.refusal = refusal.code
    reply = error_reply(refusal, request.url.path, trace.trace_id)
    headers = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.body, reply.status, headers, media_type=reply.content_type.decode())
