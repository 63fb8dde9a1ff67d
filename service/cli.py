"""The command line `weighbridge`: one group, one file a command under `service.commands`."""

import click

from service import __version__
from service.commands.accounts import accounts
from service.commands.audit import audit_
from service.commands.calibrate import calibrate
from service.commands.config import config
from service.commands.context import Tools
from service.commands.count import count
from service.commands.credits import credits_
from service.commands.db import db
from service.commands.estimate import estimate
from service.commands.keys import keys
from service.commands.limits import limits
from service.commands.models import authors, models
from service.commands.prices import prices
from service.commands.serve import serve
from service.commands.users import users
from service.commands.vocab import vocab


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="weighbridge")
@click.pass_context
def main(context: click.Context) -> None:
    """Count the tokens of a text exactly, price them exactly, and serve both over HTTP."""
    context.obj = Tools()


for command in (
    serve,
    keys,
    accounts,
    users,
    credits_,
    limits,
    db,
    count,
    estimate,
    audit_,
    models,
    authors,
    vocab,
    prices,
    config,
):
    main.add_command(command)
vocab.add_command(calibrate)
