"""The command `weighbridge`: its subcommands and their modules. Each is one file in `service.cli`.

A new command needs a row in PLACES, and one in SUMMARIES with the first sentence of its help.
"""

from errno import EDQUOT, EFBIG, EIO, ENOSPC
from importlib import import_module
from typing import Any

import click

from service import __version__
from service.cli.lazy import LazyGroup

NO_ROOM = (EDQUOT, EFBIG, EIO, ENOSPC)
# Commands whose context object is StoreTools, which opens the stores.
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
    "cost": "cost:cost",
    "cheapest": "cheapest:cheapest_",
    "estimate": "estimate:estimate",
    "audit": "audit:audit_",
    "calls": "calls:calls",
    "models": "models:models",
    "authors": "models:authors",
    "vocab": "vocab:vocab",
    "prices": "prices:prices",
    "config": "config:config",
}
SUMMARIES = {
    "keys": "Create, list, rotate and revoke API keys.",
    "accounts": "List and create accounts, and set their own limits.",
    "users": "Create and list users of the console, and set passwords.",
    "credits": "Grant credit, and show balances and statements.",
    "limits": "Show and reset how much of its limits an account has used.",
    "db": "Show and upgrade the schema of the database.",
    "serve": "Serve the API until Ctrl-C or SIGTERM.",
    "count": "Count the tokens of FILES and their cost as input.",
    "cost": "Price a usage or response in FILE, or what calls would cost.",
    "cheapest": "Rank models by the cost of a call with the text of FILE.",
    "estimate": "Estimate what the texts of INPUTS would cost.",
    "audit": "Compare the charges in usage FILES with the price book.",
    "calls": "Compare logs of calls with the tokens that are counted here.",
    "models": "List all models, or those of NAMES.",
    "authors": "List the authors of models.",
    "vocab": "List, verify, fetch and add vocabularies.",
    "prices": "Explain, compare, apply and refresh prices.",
    "config": "Print the settings with their sources; secrets are masked.",
}


class Commands(LazyGroup):
    """All commands. Rows of the price book are checked when they are read, so any command may find a damaged one."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a damaged price book, or an output without room, ends it with exit status 1 and a sentence."""
        try:
            return super().invoke(ctx)
        except OSError as fault:
            if fault.errno not in NO_ROOM or fault.filename is not None:
                raise
            raise click.ClickException(f"Cannot write the output: {fault.strerror}.") from None
        except Exception as fault:
            if isinstance(fault, import_module("pricing_data.errors").DamagedBook):
                raise click.ClickException(str(fault)) from None
            raise


@click.group(
    cls=Commands,
    places=PLACES,
    summaries=SUMMARIES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="weighbridge")
@click.pass_context
def main(context: click.Context) -> None:
    """Count the tokens of a text exactly, price them exactly, and serve both over HTTP."""
    if context.invoked_subcommand in WITH_STORES:
        context.obj = import_module("service.cli.stores").StoreTools()
