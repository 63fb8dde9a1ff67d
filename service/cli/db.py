"""`weighbridge db`: the schema of the database. `serve` upgrades it by itself."""

from pathlib import Path
from typing import Protocol

import click

from service.cli.lazy import LazyGroup
from service.storage.errors import StoreError
from service.storage.sql.migrate import schema_status
from service.storage.sql.migrate import upgrade as upgrade_schema
from service.storage.sql.url import DatabaseUrl


class DatabaseTools(Protocol):
    """What these commands need. It is the click context's object."""

    def database_url(self) -> DatabaseUrl:
        """The database of the settings. Raises StoreError."""

    def pepper_in_use(self) -> Path | None:
        """The file of a pepper under which keys were stored before, if one serves."""


@click.group("db", cls=LazyGroup)
def db() -> None:
    """See and upgrade the schema of the database."""


@db.command("status")
@click.pass_obj
def status(tools: DatabaseTools) -> None:
    """Print which schema the database has. Ends with status 1 if it is not the newest."""
    try:
        url = tools.database_url()
        found = schema_status(url)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{url.shown}: schema {found.current or 'none'}, newest {found.newest}")
    if found.current != found.newest:
        raise click.ClickException("The schema is not the newest: `weighbridge db upgrade` brings it up to date.")


@db.command("upgrade")
@click.pass_obj
def upgrade(tools: DatabaseTools) -> None:
    """Bring the database to the newest schema.

    It is safe to run at any time, from several hosts in parallel."""
    try:
        url = tools.database_url()
        before = schema_status(url)
        upgrade_schema(url, tools.pepper_in_use())
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    done = "already at" if before.current == before.newest else f"upgraded from {before.current or 'none'} to"
    click.echo(f"{url.shown}: {done} schema {before.newest}")


@db.command("create")
@click.pass_obj
def create(tools: DatabaseTools) -> None:
    """Begin anew: make the schema in an empty database.

    Also where a pepper in the data folder says that there were keys before, which are lost then.
    """
    try:
        url = tools.database_url()
        if schema_status(url).current is not None:
            raise click.ClickException(f"The database {url.shown} is not empty; nothing is changed.")
        upgrade_schema(url)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{url.shown}: made schema {schema_status(url).newest}")
