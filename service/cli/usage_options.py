"""Options that `prices apply` and `audit` share: how to read a usage file."""

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
# Hidden options of earlier versions, one for each column.
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
    """Add the options; the command gets `as_of`, `column`, `separator`, `decimal` and the former options."""
    options = (
        click.option(
            "--column", multiple=True, metavar="NAME=OURS",
            help=f"Meaning of the column NAME; may be repeated: one of {', '.join(MEANINGS)}. "
            f"{IGNORE} is for a column that does not change the price.",
        ),
        click.option(
            "--as-of", "--date", "as_of", type=Day(),
            help="Date (UTC) of rows without one; required for a file without dates.",
        ),
        click.option(
            "--separator", type=click.Choice(list(SEPARATORS)), help="Column separator (default: as in the header)."
        ),
        click.option(
            "--decimal", type=click.Choice(["point", "comma"]),
            help="Decimal separator (default: comma if a semicolon separates columns, else point).",
        ),
        *(click.option(f"--{name.replace('_', '-')}", hidden=True) for name in FORMER),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def options_of(
    as_of: date | None, column: tuple[str, ...], separator: str | None, decimal: str | None, **former: str | None
) -> ReadingOptions:
    """Return how to read the files. Raise click.BadParameter for an unknown column name of ours."""
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
    """Yield sentences about skipped rows and ignored columns."""
    for kind, rows in reader.skipped.items():
        yield f"Skipped: {rows:,} {kind}."
    if reader.ignored:
        yield f"Ignored columns: {', '.join(reader.ignored)}."
