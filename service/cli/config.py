"""`weighbridge config`: every setting with its value and the source of the value."""

import click

from service.cli.configuration import configuration
from service.cli.table import Column, print_table
from service.http import json
from service.runtime.setting_values import PREFIX
from service.runtime.settings import Settings
from service.runtime.settings_loading import shown


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def config(as_json: bool) -> None:
    """Print the settings with their sources; secrets are masked."""
    current = configuration()
    rows = [
        (f"{PREFIX}{name.upper()}", shown(getattr(current.settings, name)), current.sources[name])
        for name in Settings.model_fields
    ]
    if as_json:
        entries: list[json.Value] = [
            {"variable": name, "value": value, "source": source} for name, value, source in rows
        ]
        click.echo(json.encode(entries))
        return
    columns = (Column("variable", "name"), *map(Column, ("value", "source", "meaning")))
    meanings = [field.description for field in Settings.model_fields.values()]
    print_table(columns, [(*row, meaning) for row, meaning in zip(rows, meanings, strict=True)])
