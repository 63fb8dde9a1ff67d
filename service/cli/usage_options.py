"""Options that `prices apply` and `audit` share: how a file of usage is to be read."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, TypeVar

import click

from pricing_data.usage_files.columns import ReadingOptions, column_option
from pricing_data.usage_files.layout import IGNORE, MEANINGS
from pricing_data.usage_files.reader import RowReader
from service.cli.price_book import Day

Command = TypeVar("Command", bound=Callable[..., Any])
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Former options for one column each.
FORMER = {
    "model_column": "model",
    "input_column": "input_tokens",
    "output_column": "output_tokens",
    "cached_column": "cached_input_tokens",
    "cache_write_column": "cache_write_tokens",
    "date_column": "date",
    "batch_column": "batch",
}


def reading_options(command: Command) -> Command:
    """Add the options; a command gets them as `as_of`, `column`, `separator`, `decimal` and the former ones."""
    options = (
        click.option(
            "--column", multiple=True, metavar="NAME=OURS",
            help=f"What the column NAME holds, repeatable: one of {', '.join(MEANINGS)}. "
            f"{IGNORE} says that it changes no price.",
        ),
        click.option(
            "--as-of", "--date", "as_of", type=Day(),
            help="The day (UTC) of rows without a date. A file without any date is refused without it.",
        ),
        click.option(
            "--separator", type=click.Choice(list(SEPARATORS)), help="What separates columns; else the header shows it."
        ),
        click.option(
            "--decimal", type=click.Choice(["point", "comma"]),
            help="What stands before decimals; else a comma where a semicolon separates columns.",
        ),
        *(click.option(f"--{name.replace('_', '-')}", hidden=True) for name in FORMER),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def options_of(
    as_of: date | None, column: tuple[str, ...], separator: str | None, decimal: str | None, **former: str | None
) -> ReadingOptions:
    """Return what a person says of the files. Raise a click error for an unknown column of ours."""
    columns = {name: FORMER[option] for option, name in former.items() if name is not None}
    for text in column:
        try:
            name, meaning = column_option(text)
        except ValueError as fault:
            raise click.BadParameter(str(fault), param_hint="--column") from None
        columns[name] = meaning
    chosen = SEPARATORS[separator] if separator else None
    return ReadingOptions(as_of, columns, chosen, None if decimal is None else decimal == "comma")


def sentences_of(reader: RowReader) -> Iterator[str]:
    """Return what a reader left out: rows that are no usage, and columns that have no effect on a price."""
    for kind, rows in reader.skipped.items():
        yield f"Skipped: {rows:,} {kind}."
    if reader.ignored:
        yield f"Columns that were ignored: {', '.join(reader.ignored)}."
