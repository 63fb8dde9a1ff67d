"""`weighbridge prices`: what models cost, why, and since when; and how the book is renewed."""

import click

from service.commands.price_apply import apply_
from service.commands.price_diff import diff
from service.commands.price_explain import at, explain
from service.commands.price_refresh import refresh, suggest
from service.commands.price_status import status


@click.group()
def prices() -> None:
    """Explain, compare and renew the prices."""


for command in (explain, at, diff, status, apply_, refresh, suggest):
    prices.add_command(command)
