"""The command line `weighbridge`: one group, one file a command under `service.commands`."""

from importlib import import_module

import click

from service import __version__
from service.commands.lazy import LazyGroup

# These are given Tools, and with them the stores.
WITH_STORES = {
    "keys": "keys:keys",
    "accounts": "accounts:accounts",
    "users": "users:users",
    "credits": "credits:credits_",
    "limits": "limits:limits",
    "db": "db:db",
}
PLACES = WITH_STORES | {
    "serve": "serve:serve",
    "count": "count:count",
    "estimate": "estimate:estimate",
    "audit": "audit:audit_",
    "models": "models:models",
    "authors": "models:authors",
    "vocab": "vocab:vocab",
    "prices": "prices:prices",
    "config": "config:config",
}


@click.group(
    cls=LazyGroup, places=PLACES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="weighbridge")
@click.pass_context
def main(context: click.Context) -> None:
    """Count the tokens of a text exactly, price them exactly, and serve both over HTTP."""
    if context.invoked_subcommand in WITH_STORES:
        context.obj = import_module("service.commands.context").Tools()
