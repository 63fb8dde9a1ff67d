"""The price book for commands, and dates as options; faults end a command with their sentences."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from corpus_cost.model_names import ModelNames
from pricing_data import PriceBook, PricingError
from service.cli.catalogue import load_registry
from service.cli.configuration import configuration
from service.cli.table import printable
from service.tokens.price_book import book_in_use, newest_book
from tokenizer_registry import Registry


class Day(click.ParamType[date]):
    """An option that is a date, such as 2026-01-31."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date. Raise click.BadParameter."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            raise click.BadParameter(f"{value!r} is not a date such as 2026-01-31.") from None


@contextmanager
def report_faults() -> Iterator[None]:
    """End the command with exit status 1 and a sentence for faults of price books, files and sources."""
    try:
        yield
    except PricingError as fault:
        raise click.ClickException("\n".join(map(printable, str(fault).split("\n")))) from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename}: {fault.strerror}.") from None


def load_book(registry: Registry) -> PriceBook:
    """Return the price book in use, with the operator's own prices applied."""
    settings = configuration().settings
    with report_faults():
        return book_in_use(settings.data_dir, settings.price_overrides, registry.models)


def load_names() -> ModelNames:
    """Return the registry and the price book in use, with what names of models stand for in both."""
    registry = load_registry()
    return ModelNames(registry, load_book(registry))


def find_book_path() -> Path:
    """Return the path of the price book in use."""
    with report_faults():
        return newest_book(configuration().settings.data_dir)[1]
