"""The stores that the settings name, for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import click

from service.auth.accounts import AccountStore
from service.auth.pepper import Peppers, load_peppers
from service.auth.revocation import Revocations
from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_users import SqlUserStore
from service.auth.users import UserStore
from service.billing.money import MICRO_INR
from service.billing.sql_credit import WelcomeCredit, recorded_welcome
from service.billing.sql_statements import SqlStatements
from service.cli.configuration import configuration, prepared_folder
from service.limits import Allowance
from service.limits.redis_store import AccountLimits
from service.runtime.clock import utc_now
from service.runtime.data_dir import DATABASE_FILE, PEPPER_FILE
from service.runtime.settings import Settings
from service.storage.embedded_valkey import find_published_url
from service.storage.redis import connect
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl

COUNTERS_TIMEOUT_SECONDS = 2.0
NO_COUNTERS = (
    "The embedded counters can be reached while the service runs only. "
    "Start it with `weighbridge serve`, or name its Redis in WEIGHBRIDGE_REDIS_URL."
)


def database_url(settings: Settings) -> DatabaseUrl:
    """The database of the settings, or SQLite in the data folder."""
    if settings.database_url is not None:
        return DatabaseUrl.parse(settings.database_url.get_secret_value())
    return DatabaseUrl.of_file(prepared_folder(settings) / DATABASE_FILE)


def pepper_in_use(settings: Settings) -> Path | None:
    """The file of a pepper under which keys were stored before, if one serves."""
    path = prepared_folder(settings) / PEPPER_FILE
    return path if settings.pepper is None and path.exists() else None


def upgraded(settings: Settings) -> DatabaseUrl:
    """The database of the settings, brought to the newest schema. Raises StoreError.

    It comes before the pepper: a pepper whose database is empty was not made by a start that was interrupted.
    """
    url = database_url(settings)
    upgrade(url, pepper_in_use(settings))
    return url


def loaded_peppers(settings: Settings) -> Peppers:
    """The peppers of the settings, or of the data folder. Raises PepperError."""
    secret = settings.pepper.get_secret_value() if settings.pepper else None
    return load_peppers(prepared_folder(settings), secret)


def counters_url(settings: Settings) -> str | None:
    """The Redis of the settings, or the embedded store of a service that runs on the data folder."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    return find_published_url(prepared_folder(settings))


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings, with the newest schema."""
    database = Database(upgraded(settings))
    try:
        yield database
    finally:
        await database.close()


async def welcome_micro_inr(database: Database, settings: Settings) -> int:
    """Return an account's first credit: what the service was last started with, else what the command's settings say.

    Raises StoreUnavailable.
    """
    recorded = await recorded_welcome(database)
    return settings.credit_welcome_inr * MICRO_INR if recorded is None else recorded


class Tools:
    """The click context's object."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return utc_now()

    def database_url(self) -> DatabaseUrl:
        """The database of the settings."""
        return database_url(configuration().settings)

    def pepper_in_use(self) -> Path | None:
        """The file of a pepper under which keys were stored before, if one serves."""
        return pepper_in_use(configuration().settings)

    def store_name(self) -> str:
        """Where accounts and keys are, as a person may read it."""
        url = self.database_url()
        return f"SQLite in {url.with_driver.database}" if url.is_sqlite else url.shown

    def default_allowance(self) -> Allowance:
        """What an account may call without limits of its own."""
        settings = configuration().settings
        return Allowance(settings.rate_limit_per_second, settings.quota_per_month)

    async def announce(self, digest: str) -> None:
        """Tell running services that a key has changed; they learn it by themselves within 5 seconds."""
        url = counters_url(configuration().settings)
        if url is not None:
            async with connect(url, socket_timeout_seconds=COUNTERS_TIMEOUT_SECONDS) as client:
                await Revocations(client).publish(digest)

    @asynccontextmanager
    async def counts(self) -> AsyncIterator[AccountLimits]:
        """The counters of the settings, or of the running service."""
        url = counters_url(configuration().settings)
        if url is None:
            raise click.ClickException(NO_COUNTERS)
        async with connect(url, socket_timeout_seconds=COUNTERS_TIMEOUT_SECONDS) as client:
            yield AccountLimits(client)

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The accounts, with the newest schema. Raises StoreError, PepperError."""
        settings = configuration().settings
        async with opened(settings) as database:
            welcome = await welcome_micro_inr(database, settings)
            yield SqlAccountStore(database, loaded_peppers(settings), self.now, welcome=WelcomeCredit(welcome))

    @asynccontextmanager
    async def user_store(self) -> AsyncIterator[UserStore]:
        """The console's users, with the newest schema. Raises StoreError."""
        async with opened(configuration().settings) as database:
            yield SqlUserStore(database, self.now)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[SqlStatements]:
        """The credit of accounts, with the newest schema. Raises StoreError."""
        settings = configuration().settings
        async with opened(settings) as database:
            yield SqlStatements(database, self.now, await welcome_micro_inr(database, settings))
