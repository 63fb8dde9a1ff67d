"""Everything a server needs before its first call, prepared by the process whose workers share it."""

import asyncio
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

import click
from starlette.types import ASGIApp

from pricing_data import PricingError
from service.app import create_app
from service.auth.pepper import PepperError
from service.auth.sql_accounts import SqlAccountStore
from service.billing.money import MICRO_INR
from service.billing.sql_credit import WelcomeCredit, record_welcome
from service.cli.serve_banner import banner, demo_key
from service.cli.serve_loading import Loading
from service.cli.stores import peppers_in_use, upgrade_database
from service.connections import Addresses, Connections
from service.http.server import Server
from service.limits import AccountTable, ProcessLock
from service.observability import log
from service.observability.metrics import Metrics
from service.observability.shared_numbers import SharedNumbers
from service.observability.tracing import Tracer
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.storage.embedded_valkey import EmbeddedValkey, published_url
from service.storage.errors import StoreError
from service.storage.redis import check_store, connect, ping
from service.storage.sql.engine import Database
from service.tokens.price_book import lapsed, outside_catalogue
from tokenizer_registry import RegistryError
from weighbridge_base.optional_packages import install_command

FAULTS = (StoreError, PepperError, RegistryError, PricingError)
# Longer than the limiter waits: a start may take its time, and a store across a network may need it.
START_TIMEOUT_SECONDS = 2.0

OTHER_PEPPER = (
    "Some keys in the database are stored under a pepper that this service does not have, and will be refused. "
    "Services that share a database need the same WEIGHBRIDGE_PEPPER."
)


@contextmanager
def _report_faults() -> Iterator[None]:
    """End the command with a sentence for faults of stores, peppers, registry and prices."""
    try:
        yield
    except FAULTS as error:
        raise click.ClickException(str(error)) from None


@_report_faults()
def prepare_server(
    settings: Settings,
    folder: Path,
    listener: socket.socket,
    counters: EmbeddedValkey | str,
    loading: Loading,
    demo: bool,
    running: ExitStack,
) -> Server:
    """Return the server after checking whatever can fail. `counters` is a started embedded store, or a URL."""
    lines = log.configure(settings.log_level, sys.stderr)
    make_tracer = tracer_maker(settings)
    redis_url = running.enter_context(_address(counters, folder))
    database = upgrade_database(settings)
    addresses = Addresses(redis_url, database, peppers_in_use(settings))
    warnings, key = asyncio.run(_check(addresses, folder, demo, settings.credit_welcome_inr))
    registry, book = loading.wait()
    numbers = SharedNumbers(settings.workers)
    table = AccountTable(settings.workers, ProcessLock())

    def app() -> ASGIApp:
        numbers.enter()
        table.join()
        connections = Connections(
            addresses,
            limits_without_redis=settings.limits_without_redis,
            table=table,
            redis_timeout_seconds=settings.redis_timeout_seconds,
            metrics=Metrics(numbers),
            welcome_micro_inr=settings.credit_welcome_inr * MICRO_INR,
        )
        return create_app(settings, connections, registry, book, tracer=make_tracer(), take_lost_lines=lines.take_lost)

    warnings += lapsed(book, utc_now().date())
    outside = outside_catalogue(book, registry.models)
    warnings += [f"your own price of {name} is for a model outside the catalogue" for name in outside]
    text = banner(settings.host, listener.getsockname()[1], key, warnings, playground=settings.playground)
    return Server(settings, listener, app, lambda: click.echo(text), numbers)


@contextmanager
def _address(counters: EmbeddedValkey | str, folder: Path) -> Iterator[str]:
    """Yield the URL of the counters' store; for the block, that of an embedded store is published in the folder."""
    if isinstance(counters, str):
        yield counters
        return
    counters.wait()
    with published_url(folder, counters.url):
        yield counters.url


async def _check(addresses: Addresses, folder: Path, demo: bool, welcome_inr: int) -> tuple[list[str], str | None]:
    """Return warnings about the stores, and the demo key if `demo` is set. Record `welcome_inr` for other commands."""
    redis = connect(addresses.redis_url, socket_timeout_seconds=START_TIMEOUT_SECONDS)
    database = Database(addresses.database)
    try:
        if not await ping(redis, timeout_seconds=START_TIMEOUT_SECONDS):
            raise click.ClickException(
                "The Redis of WEIGHBRIDGE_REDIS_URL does not answer. "
                "Start it or correct the URL; without the setting an embedded store is used."
            )
        await record_welcome(database, welcome_inr * MICRO_INR)
        store = SqlAccountStore(database, addresses.peppers, utc_now, welcome=WelcomeCredit(welcome_inr * MICRO_INR))
        warnings = await check_store(redis)
        if await store.pepper_ids_in_use() - {pepper.id for pepper in addresses.peppers.all}:
            warnings.append(OTHER_PEPPER)
        return warnings, await demo_key(store, folder, utc_now()) if demo else None
    finally:
        await redis.aclose()
        await database.close()


MISSING = (
    "WEIGHBRIDGE_OTLP_ENDPOINT is set, but the package {package} is not installed. "
    "Install the extra with {command}, or unset the variable."
)


def tracer_maker(settings: Settings) -> Callable[[], Tracer | None]:
    """Return what builds the tracer of a worker process: or None. Only with a collector is OpenTelemetry imported."""
    if settings.otlp_endpoint is None:
        return lambda: None
    try:
        traces = import_module("service.observability.tracing_otel")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("opentelemetry"):
            raise
        raise click.ClickException(MISSING.format(package=error.name, command=install_command("traces"))) from None
    return partial(traces.OtlpTracer, settings.otlp_endpoint)
