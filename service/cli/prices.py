"""`weighbridge prices`: the group of commands on the price book."""

import click

from service.cli.lazy import LazyGroup

PLACES = {
    "explain": "price_explain:explain",
    "at": "price_explain:at",
    "diff": "price_diff:diff",
    "status": "price_status:status",
    "apply": "price_apply:apply_",
    "refresh": "price_refresh:refresh",
    "suggest": "price_refresh:suggest",
}


@click.group(cls=LazyGroup, places=PLACES)
def prices() -> None:
    """Explain, compare, apply and refresh prices."""
