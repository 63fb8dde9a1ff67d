"""What commands share: the settings, loaded when one runs, and the stores that they name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import click

from service import data_folder
from service.accounts import AccountStore
from service.connections import utc_now
from service.gateway.money import MICRO_INR
from service.pepper import Peppers, load_peppers
from service.settings import Configuration, Settings, SettingsError, load
from service.stores.sql.accounts import SqlAccountStore
from service.stores.sql.engine import Database
from service.stores.sql.migrate import upgrade
from service.stores.sql.statements import SqlStatements
from service.stores.sql.url import DatabaseUrl

DATABASE_FILE = "weighbridge.db"


class WrongConfiguration(click.ClickException):
    """Ends a command before it began."""

    exit_code = 2


def configuration(options: Mapping[str, object] | None = None) -> Configuration:
    """The settings from the environment, with the command's options over them; all faults end the command."""
    try:
        return load(options=options)
    except SettingsError as error:
        raise WrongConfiguration(str(error)) from None


def database_url(settings: Settings) -> DatabaseUrl:
    """The database of the settings, or SQLite in the data folder."""
    if settings.database_url is not None:
        return DatabaseUrl.parse(settings.database_url.get_secret_value())
    return DatabaseUrl.of_file(prepared_folder(settings) / DATABASE_FILE)


def prepared_folder(settings: Settings) -> Path:
    """The data folder, ready for use; one that cannot be used ends the command."""
    try:
        return data_folder.prepare(settings.data_dir)
    except data_folder.DataFolderUnusable as error:
        raise click.ClickException(str(error)) from None


def loaded_peppers(settings: Settings) -> Peppers:
    """The peppers of the settings, or of the data folder. Raises PepperError."""
    secret = settings.pepper.get_secret_value() if settings.pepper else None
    return load_peppers(prepared_folder(settings), secret)


class Tools:
    """The click context's object."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return utc_now()

    @asynccontextmanager
    async def account_store(self) -> AsyncIterator[AccountStore]:
        """The accounts, with the newest schema. Raises StoreError, PepperError."""
        settings = configuration().settings
        async with _database(settings) as database:
            welcome = settings.credit_welcome_inr * MICRO_INR
            yield SqlAccountStore(database, loaded_peppers(settings), self.now, welcome_micro_inr=welcome)

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[SqlStatements]:
        """The credit of accounts, with the newest schema. Raises StoreError."""
        settings = configuration().settings
        async with _database(settings) as database:
            yield SqlStatements(database, self.now, settings.credit_welcome_inr * MICRO_INR)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    url = database_url(settings)
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
