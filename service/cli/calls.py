"""`weighbridge calls`: logs of calls that were made."""

import click

from service.cli.lazy import LazyGroup

PLACES = {"check": "calls_check:check"}


@click.group(cls=LazyGroup, places=PLACES)
def calls() -> None:
    """Compare logs of calls with the tokens that are counted here."""
