"""`weighbridge prices apply`: the cost of each row of a usage file."""

from datetime import date
from pathlib import Path

import click

from pricing_data import plain
from pricing_data.usage_files.bill import UsageBill, UsagePricer, price_file
from pricing_data.usage_files.named_rows import RowNames
from pricing_data.usage_files.reader import RowReader
from service.cli.price_book import load_names, report_faults
from service.cli.progress import share_progress
from service.cli.table import Column, money, print_table, say
from service.cli.usage_options import options_of, reading_options, sentences_of
from service.http import json

UNPRICED = 2
EPILOG = "Exit status: 0, every row has a cost; 2, some rows have none; 1, the file cannot be read."


@click.command("apply", epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write the rows with a column cost_usd to this file."
)
@reading_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def apply_(
    context: click.Context, /, file: Path, output: Path | None, as_json: bool, as_of: date | None,
    column: tuple[str, ...], separator: str | None, decimal: str | None, **former: str | None,
) -> None:  # fmt: skip
    """Price each row of a FILE of usage, exactly.

    FILE is CSV, TSV, JSON, JSON lines or Parquet: an export of OpenAI, Anthropic, OpenRouter, LiteLLM, AWS (Bedrock) or
    Google Cloud (Vertex AI), recognized by its columns, or any file with the columns model, input_tokens and date. In
    such a file, input_tokens include cached and written tokens. Rows that cannot be priced are listed with the reason;
    their cost is empty, never 0.
    """
    options = options_of(as_of, column, separator, decimal, **former)
    names = load_names()
    pricer = UsagePricer(names.book, RowNames(names.resolver()).named)
    with report_faults(), share_progress(f"pricing {file.name}") as advance:
        reader = price_file(file, output, options, pricer, advance)
    version = pricer.book.version
    if as_json:
        click.echo(json.encode(_report(pricer.bill, reader, version)))
    else:
        _show(pricer.bill, reader, version)
    if pricer.bill.unpriced:
        context.exit(UNPRICED)


def _report(bill: UsageBill, reader: RowReader, version: str) -> json.Value:
    models: list[json.Value] = [
        {
            "model": model,
            "rows": use.rows,
            "input_tokens": use.input_tokens,
            "output_tokens": use.output_tokens,
            "cost_usd": use.usd,
        }
        for model, use in sorted(bill.by_model.items())
    ]
    unpriced: list[json.Value] = [
        {"model": fault.model, "reason": fault.reason, "rows": fault.rows, "first_row": fault.first_row}
        for fault in bill.unpriced
    ]
    assumed: list[json.Value] = [{"assumption": text, "rows": rows} for text, rows in bill.assumed.items()]
    skipped: list[json.Value] = [{"what": kind, "rows": rows} for kind, rows in reader.skipped.items()]
    ignored: list[json.Value] = list(reader.ignored)
    return {
        "layout": reader.layout.name,
        "rows": bill.rows,
        "priced_rows": bill.rows - bill.unpriced_rows,
        "total_usd": bill.usd,
        "pricing_version": version,
        "models": models,
        "unpriced": unpriced,
        "assumed": assumed,
        "skipped": skipped,
        "ignored_columns": ignored,
        "columns_without_effect": dict(reader.without_effect),
    }


def _show(bill: UsageBill, reader: RowReader, version: str) -> None:
    headings = ("cost, USD", "rows", "input tokens", "output tokens")
    columns = (Column("model", "name"), *(Column(heading, "number") for heading in headings))
    uses = sorted(bill.by_model.items(), key=lambda item: -item[1].usd)
    print_table(
        columns, [(model, money(use.usd), use.rows, use.input_tokens, use.output_tokens) for model, use in uses]
    )
    priced = bill.rows - bill.unpriced_rows
    say(f"{priced:,} of {bill.rows:,} rows cost {plain(bill.usd)} USD, by the price book {version}.")
    for fault in bill.unpriced:
        rows = f"{fault.rows:,} rows of {fault.model or 'no model'}"
        say(f"Not priced: {rows}: {fault.reason} (row {fault.first_row:,}).")
    for sentence, assumed in bill.assumed.items():
        say(f"Assumed: {assumed:,} rows {sentence}.")
    for sentence in sentences_of(reader):
        say(sentence)
