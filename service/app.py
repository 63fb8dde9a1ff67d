"""The composition root: every object is made here and passed in; routes and their order are on one screen."""

import os
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
from service.counting import CountingPool, TextLimits
from service.edge import Edge
from service.errors import METHOD_NOT_ALLOWED, UNKNOWN_ROUTE, error_reply
from service.gate import Gate
from service.gateway.gateway import Gateway
from service.limits import Allowance
from service.operation import Health, Readiness
from service.settings import Settings
from service.tokens.catalogue import Catalogue
from service.tokens.count import CountEndpoint
from service.tokens.endpoint import TokenEndpoint
from service.tokens.request import CountRequests
from service.trace import trace_of
from service.web.documentation import Documentation
from tokenizer_registry import Registry


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
    limits = TextLimits(settings.max_text_characters, settings.max_expanded_bytes, settings.max_bytes_in_flight)
    pool = CountingPool(registry, limits, threads=os.cpu_count() or 1)
    reader = BodyReader(settings.max_body_bytes, settings.body_timeout_seconds)
    requests = CountRequests(registry.models, settings.max_models)
    catalogue = Catalogue(registry.models, book, utc_today)
    count = CountEndpoint(reader, requests, pool, book, utc_today)
    documentation = Documentation()
    gateway = Gateway(settings, connections, pool, at_point)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with connections.open(), gateway.open():
            yield
        pool.close()

    app = Starlette(
        routes=[
            Route("/v1/tokens/models", TokenEndpoint(gate, catalogue.list_models), methods=["GET"]),
            Route("/v1/tokens/authors", TokenEndpoint(gate, catalogue.list_authors), methods=["GET"]),
            Route("/v1/tokens/count", TokenEndpoint(gate, count.count), methods=["POST"]),
            *gateway.routes(),
            Route("/health", Health(), methods=["GET"]),
            Route("/ready", Readiness(connections.faults), methods=["GET"]),
            Route("/openapi.json", documentation.openapi, methods=["GET"]),
            Route("/docs", documentation.page, methods=["GET"]),
        ],
        middleware=[Middleware(Edge)],
        exception_handlers={HTTPException: refuse_route},
        lifespan=lifespan,
    )
    # A redirect would repeat the query, and with it a key, in its Location.
    app.router.redirect_slashes = False
    app.state.close_calls_in = gateway.calls.close_in
    return app


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
