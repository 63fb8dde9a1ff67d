"""The stores of the settings, for commands. StoreTools is the context object of the commands that need them."""

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
from service.cli.configuration import configuration, prepare_folder
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
    "The embedded counters are available only while the service runs. "
    "Start it with `weighbridge serve`, or set WEIGHBRIDGE_REDIS_URL."
)


def database_url(settings: Settings) -> DatabaseUrl:
    """Return the database of the settings, or SQLite in the data folder."""
    if settings.database_url is not None:
        return DatabaseUrl.parse(settings.database_url.get_secret_value())
    return DatabaseUrl.of_file(prepare_folder(settings) / DATABASE_FILE)


def pepper_in_use(settings: Settings) -> Path | None:
    """Return the pepper file of the data folder if it exists and no pepper is set."""
    path = prepare_folder(settings) / PEPPER_FILE
    return path if settings.pepper is None and path.exists() else None


def upgrade_database(settings: Settings) -> DatabaseUrl:
    """Return the database of the settings after upgrading its schema. Raise StoreError.

    Call this before `peppers_in_use`: a pepper beside an empty database then means that its keys were lost, not that
    a first start was interrupted.
    """
    url = database_url(settings)
    upgrade(url, pepper_in_use(settings))
    return url


def peppers_in_use(settings: Settings) -> Peppers:
    """Return the peppers of the settings, or of the data folder. Raise PepperError."""
    secret = settings.pepper.get_secret_value() if settings.pepper else None
    return load_peppers(prepare_folder(settings), secret)


def counters_url(settings: Settings) -> str | None:
    """Return the Redis of the settings, else the embedded store of a running service, else None."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    return find_published_url(prepare_folder(settings))


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database of the settings, with the newest schema, for the block."""
    database = Database(upgrade_database(settings))
    try:
        yield database
    finally:
        await database.close()


async def welcome_micro_inr(database: Database, settings: Settings) -> int:
    """Return the welcome credit: that of the service's last start, else that of the command's settings.

    Raise StoreUnavailable.
    """
    recorded = await recorded_welcome(database)
    return settings.credit_welcome_inr * MICRO_INR if recorded is None else recorded


class StoreTools:
    """The context object of commands that need stores. Each store is opened when a command enters it."""

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return utc_now()

    def database_url(self) -> DatabaseUrl:
        """Return the database of the settings."""
        return database_url(configuration().settings)

    def pepper_in_use(self) -> Path | None:
        """Return the pepper file of the data folder if it exists and no pepper is set."""
        return pepper_in_use(configuration().settings)

    def store_name(self) -> str:
        """Return the database of accounts and keys, in words."""
        url = self.database_url()
        return f"SQLite in {url.with_driver.database}" if url.is_sqlite else url.shown

    def default_allowance(self) -> Allowance:
        """Return the limits of an account that has none of its own."""
        settings = configuration().settings
        return Allowance(settings.rate_limit_per_second, settings.quota_per_month)

    async def announce(self, digest: str) -> None:
        """Publish to running services that a key has changed; without it they notice within 5 seconds."""
        url = counters_url(configuration().settings)
        if url is not None:
            async with connect(url, socket_timeout_seconds=COUNTERS_TIMEOUT_SECONDS) as client:
                await Revocations(client).publish(digest)

    @asynccontextmanager
    async def counts(self) -> AsyncIterator[AccountLimits]:
        """Open the counters of the settings, or of the running service."""
        url = counters_url(configuration().settings)
        if url is None:
            raise click.ClickException(NO_COUNTERS)
        async with connect(url, socket_timeout_seconds=COUNTERS_TIMEOUT_SECONDS) as client:
            yield AccountLimits(client)

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """Open the accounts, with the newest schema. Raise StoreError, PepperError."""
        settings = configuration().settings
        async with open_database(settings) as database:
            welcome = await welcome_micro_inr(database, settings)
            yield SqlAccountStore(database, peppers_in_use(settings), self.now, welcome=WelcomeCredit(welcome))

    @asynccontextmanager
    async def user_store(self) -> AsyncIterator[UserStore]:
        """Open the console's users, with the newest schema. Raise StoreError."""
        async with open_database(configuration().settings) as database:
            yield SqlUserStore(database, self.now)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[SqlStatements]:
        """Open the credit of accounts, with the newest schema. Raise StoreError."""
        settings = configuration().settings
        async with open_database(settings) as database:
            yield SqlStatements(database, self.now, await welcome_micro_inr(database, settings))
