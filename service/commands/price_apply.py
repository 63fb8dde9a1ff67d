"""`weighbridge prices apply`: what a file of usage costs."""

from datetime import date
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn

from pricing_data import plain
from service import wire
from service.clock import utc_now
from service.commands.price_book import Day, faults_told, loaded_book
from service.commands.table import Column, money, print_table, say
from service.prices.usage import Bill, Columns, Pricer
from service.prices.usage_file import UnusableFile, price_file
from tokenizer_registry import Registry

UNPRICED = 2


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the rows with a column cost_usd.")
@click.option("--date", "day", type=Day(), help="The day (UTC) of rows without a date; without it, today.")
@click.option("--model-column", default=Columns().model, show_default=True)
@click.option("--input-column", default=Columns().input_tokens, show_default=True)
@click.option("--output-column", default=Columns().output_tokens, show_default=True)
@click.option("--cached-column", default=Columns().cached_input_tokens, show_default=True)
@click.option("--cache-write-column", default=Columns().cache_write_tokens, show_default=True)
@click.option("--date-column", default=Columns().date, show_default=True)
@click.option("--batch-column", default=Columns().batch, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def apply_(
    context: click.Context, /, file: Path, output: Path | None, day: date | None, as_json: bool, **names: str
) -> None:
    """Price each row of a CSV or Parquet FILE of usage, exactly.

    Only the columns for model and input tokens have to be there. Cached and written tokens are among the
    input tokens. Rows that cannot be priced are listed, with an empty cost, and never count as 0; then the
    exit status is 2.
    """
    columns = Columns(*(names[option] for option in OPTIONS))
    pricer = Pricer(loaded_book(Registry.from_package()), day or utc_now().date())
    try:
        with faults_told(), _progress() as progress:
            task = progress.add_task(f"pricing {file.name}", total=1.0)
            price_file(file, output, columns, pricer, lambda share: progress.update(task, completed=share))
    except UnusableFile as fault:
        raise click.ClickException(str(fault)) from None
    version = pricer.book.version
    if as_json:
        click.echo(wire.encode(_report(pricer.bill, version)))
    else:
        _show(pricer.bill, version)
    if pricer.bill.unpriced:
        context.exit(UNPRICED)


OPTIONS = (
    "model_column",
    "input_column",
    "output_column",
    "cached_column",
    "cache_write_column",
    "date_column",
    "batch_column",
)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _report(bill: Bill, version: str) -> wire.Value:
    models: list[wire.Value] = [
        {
            "model": model,
            "rows": use.rows,
            "input_tokens": use.input_tokens,
            "output_tokens": use.output_tokens,
            "cost_usd": use.usd,
        }
        for model, use in sorted(bill.by_model.items())
    ]
    unpriced: list[wire.Value] = [
        {"model": model, "reason": reason, "rows": rows} for (model, reason), rows in sorted(bill.unpriced.items())
    ]
    return {
        "rows": bill.rows,
        "priced_rows": bill.rows - bill.unpriced.total(),
        "total_usd": bill.usd,
        "pricing_version": version,
        "models": models,
        "unpriced": unpriced,
    }


def _show(bill: Bill, version: str) -> None:
    headings = ("cost, USD", "rows", "input tokens", "output tokens")
    columns = (Column("model", "name"), *(Column(heading, "number") for heading in headings))
    uses = sorted(bill.by_model.items(), key=lambda item: -item[1].usd)
    print_table(
        columns, [(model, money(use.usd), use.rows, use.input_tokens, use.output_tokens) for model, use in uses]
    )
    priced = bill.rows - bill.unpriced.total()
    say(f"{priced:,} of {bill.rows:,} rows cost {plain(bill.usd)} USD, by the price book {version}.")
    for (model, reason), rows in bill.unpriced.most_common():
        say(f"Not priced: {rows:,} rows of {model or 'no model'}: {reason}.")
