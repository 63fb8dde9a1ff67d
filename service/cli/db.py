"""`weighbridge db`: the schema of the database. `weighbridge serve` upgrades it too, at start."""

from pathlib import Path
from typing import Protocol

import click

from service.cli.lazy import LazyGroup
from service.storage.errors import StoreError
from service.storage.sql.migrate import schema_status
from service.storage.sql.migrate import upgrade as upgrade_schema
from service.storage.sql.url import DatabaseUrl


class DatabaseTools(Protocol):
    """What these commands need: the object of the click context."""

    def database_url(self) -> DatabaseUrl:
        """Return the database of the settings. Raise StoreError."""

    def pepper_in_use(self) -> Path | None:
        """Return the pepper file of the data folder if it exists and is in use."""


@click.group("db", cls=LazyGroup)
def db() -> None:
    """Show and upgrade the schema of the database."""


@db.command("status")
@click.pass_obj
def status(tools: DatabaseTools) -> None:
    """Show the schema version of the database.

    The exit status is 1 if it is not the newest.
    """
    try:
        url = tools.database_url()
        found = schema_status(url)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{url.shown}: schema {found.current or 'none'}, newest {found.newest}")
    if found.current != found.newest:
        raise click.ClickException("The schema is out of date. Run `weighbridge db upgrade`.")


@db.command("upgrade")
@click.pass_obj
def upgrade(tools: DatabaseTools) -> None:
    """Upgrade the database to the newest schema.

    It is safe to run this at any time, and on several hosts in parallel.
    """
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
    """Create the schema in an empty database.

    This also works if the data folder has a pepper from an earlier database. The keys of that database are lost.
    """
    try:
        url = tools.database_url()
        if schema_status(url).current is not None:
            raise click.ClickException(f"The database {url.shown} is not empty. Nothing was changed.")
        upgrade_schema(url)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{url.shown}: created schema {schema_status(url).newest}")
