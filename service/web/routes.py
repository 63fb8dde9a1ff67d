"""The composition of the pages: their objects and their routes."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from starlette.routing import Route

from pricing_data import PriceBook
from service import __version__
from service.auth.sessions import OpenSessions
from service.connections import Connections
from service.console.keys import ConsoleKeys
from service.console.login import Login
from service.http.endpoint import PublicHandler
from service.http.request_limits import BodyReader
from service.limits import Allowance
from service.observability.tracing import random_id
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.counting_pool import CountingPool
from service.web.console.keys import KeyPages
from service.web.console.overview import Overview
from service.web.console.session import ConsoleSessions
from service.web.console.statement import StatementPages
from service.web.documentation import Documentation
from service.web.forms import FormReader
from service.web.models.detail import ModelPage
from service.web.models.listing import ModelList
from service.web.page import PageEndpoint, Pages
from service.web.playground.endpoint import NoPlayground, Playground
from service.web.rendering import Assets, Templates
from service.web.visitors import UNKNOWN_SENDER, Visitors

CONSOLE_FORM_BYTES = 10_000
# A form without a visitor cookie: enough for a text of a few pages, which is shown again.
STRANGERS_FORM_BYTES = 65_536


def build_pages(settings: Settings, book: PriceBook) -> Pages:
    """Return the renderer of all pages."""
    assets = Assets()
    shared: dict[str, Any] = {
        "version": __version__,
        "prices_from": book.refreshed_at.isoformat(),
        "playground": settings.playground,
    }
    return Pages(Templates(assets.address, shared), assets)


def page_routes(
    settings: Settings,
    connections: Connections,
    pool: CountingPool,
    book: PriceBook,
    today: Callable[[], date],
    pages: Pages,
    login: Login,
) -> Sequence[Route]:
    """Return the routes of all pages. None of their paths is a path of the APIs."""
    endpoint = partial(PageEndpoint, pages, require_https=settings.require_https)
    home = _home(settings, connections, pool, book, today, pages)
    models = ModelList(pages, pool.registry, book, today)
    model = ModelPage(pages, pool.registry, book, today)
    documentation = Documentation(pages)
    console = _console(settings, connections, pool, pages, login)
    return [
        Route("/", endpoint({"GET": home.show, "POST": home.count}), methods=["GET", "POST"]),
        Route("/playground", endpoint({"POST": home.update}), methods=["POST"]),
        Route("/models", endpoint({"GET": models.show}), methods=["GET"]),
        Route("/models/{name:path}", endpoint({"GET": model.show}), methods=["GET"]),
        Route("/openapi.json", endpoint({"GET": documentation.openapi}), methods=["GET"]),
        Route("/docs", endpoint({"GET": documentation.page}), methods=["GET"]),
        Route("/static/{digest}/{name}", endpoint({"GET": pages.assets.send}), methods=["GET"]),
        *(Route(path, endpoint(handlers, packed=False), methods=[*handlers]) for path, handlers in console.items()),
    ]


def _home(
    settings: Settings,
    connections: Connections,
    pool: CountingPool,
    book: PriceBook,
    today: Callable[[], date],
    pages: Pages,
) -> Playground | NoPlayground:
    if not settings.playground:
        return NoPlayground(pages)
    allowance = Allowance(settings.playground_calls_per_second, settings.playground_calls_per_month)
    seconds, room = settings.body_timeout_seconds, pool.in_flight
    return Playground(
        pages,
        FormReader(settings.max_body_bytes, seconds, room),
        FormReader(min(STRANGERS_FORM_BYTES, settings.max_body_bytes), seconds, room, UNKNOWN_SENDER),
        pool,
        book,
        Visitors(connections.peppers, connections.limiter, allowance, random_id),
        today,
        min(settings.playground_max_characters, settings.max_text_characters),
    )


def _console(
    settings: Settings, connections: Connections, pool: CountingPool, pages: Pages, login: Login
) -> dict[str, dict[str, PublicHandler]]:
    reader = FormReader(min(CONSOLE_FORM_BYTES, settings.max_body_bytes), settings.body_timeout_seconds, pool.in_flight)
    bodies = BodyReader(CONSOLE_FORM_BYTES, settings.body_timeout_seconds, pool.in_flight)
    users, accounts = connections.users, connections.accounts
    visits = ConsoleSessions(pages, reader, login, OpenSessions(connections.page_sessions, users))
    allowance = Allowance(settings.rate_limit_per_second, settings.quota_per_month)
    overview = Overview(
        pages,
        accounts,
        connections.statements,
        connections.spending,
        connections.account_keys,
        connections.limiter,
        allowance,
        utc_now,
    )
    account_keys = connections.account_keys
    console_keys = ConsoleKeys(bodies, accounts, account_keys, connections.revocations.publish, utc_now)
    keys = KeyPages(pages, console_keys, account_keys, utc_now)
    statement = StatementPages(pages, connections.spending)
    return {
        "/console": {"GET": visits.page(overview.show)},
        "/console/sign-in": {"GET": visits.page(overview.show), "POST": visits.sign_in},
        "/console/sign-out": {"POST": visits.sign_out},
        "/console/keys": {"GET": visits.page(keys.show), "POST": visits.form(keys.create)},
        "/console/keys/{key_id}/revoke": {"GET": visits.page(keys.ask), "POST": visits.form(keys.revoke)},
        "/console/statement": {"GET": visits.page(statement.show)},
        "/console/statement.csv": {"GET": visits.page(statement.export)},
    }
