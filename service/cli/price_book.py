"""The price book for commands: faults end a command with their sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from pricing_data import PriceBook, PricingError, plain
from service.cli.configuration import configuration
from service.cli.table import printable
from service.tokens.price_book import book_in_use, newest_book
from tokenizer_registry import Registry

MTOK = 1_000_000


@contextmanager
def faults_reported() -> Iterator[None]:
    """End the command with exit status 1 and a sentence for faults of books, files and sources."""
    try:
        yield
    except PricingError as fault:
        raise click.ClickException(_printable_lines(str(fault))) from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename}: {fault.strerror}.") from None


def _printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def loaded_book(registry: Registry) -> PriceBook:
    """Return the book in use, under the operator's own prices."""
    settings = configuration().settings
    with faults_reported():
        return book_in_use(settings.data_dir, settings.price_overrides, registry.models)


def loaded_path() -> Path:
    """Return the path of the book in use."""
    with faults_reported():
        return newest_book(configuration().settings.data_dir)[1]


def day_of(text: str) -> date:
    """Return a day of the calendar. Raise click.BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a date such as 2026-01-31.") from None


class Day(click.ParamType[date]):
    """An option that is a date."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day that is written as 2026-01-31."""
        return value if isinstance(value, date) else day_of(str(value))


def per_mtok(value: Decimal | None) -> str:
    """A price per token as people compare it: USD per million tokens."""
    return "-" if value is None else plain(value * MTOK)
