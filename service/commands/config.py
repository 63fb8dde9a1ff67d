"""`weighbridge config`: every setting with its value and where that came from."""

import click
from rich.console import Console
from rich.table import Table

from service import settings, wire
from service.commands.configuration import configuration


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def config(as_json: bool) -> None:
    """Print the settings with their sources; secrets are masked."""
    current = configuration()
    rows = [
        (
            f"{settings.PREFIX}{name.upper()}",
            settings.shown(getattr(current.settings, name)),
            current.sources[name],
        )
        for name in settings.Settings.model_fields
    ]
    if as_json:
        entries: list[wire.Value] = [
            {"variable": name, "value": value, "source": source} for name, value, source in rows
        ]
        click.echo(wire.encode(entries))
        return
    table = Table("variable", "value", "source", "meaning")
    for row, field in zip(rows, settings.Settings.model_fields.values(), strict=True):
        table.add_row(*row, field.description)
    Console().print(table)
