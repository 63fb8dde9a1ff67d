"""`weighbridge estimate`: what texts would cost, before any call is paid for."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from corpus_cost.errors import EstimationError
from corpus_cost.sources import TextFormat
from corpus_cost.workload import Output, ReadOptions, Workload
from service.cli.catalogue import load_registry
from service.cli.estimate_options import OutputTokens, Share, Size, chosen_or_own_models, only_one
from service.cli.estimate_report import report, show
from service.cli.estimate_session import EstimateRequest, EstimateSession
from service.cli.price_book import Day, load_book
from service.cli.text_files import Encoding
from service.runtime.clock import utc_now
from tokenizer_registry.processors import usable_processors

INCOMPLETE, INTERRUPTED = 2, 130
# A full disk, an exhausted quota, a file larger than the process may write.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
EPILOG = (
    "Exit status: 0, everything was counted; 2, some inputs could not be read; 1, nothing could be done; "
    "130, stopped by Ctrl-C."
)


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--model", "-m", "names", multiple=True, help="Model; may be repeated; '*' means all.")
@click.option("--author", "-a", "authors", multiple=True, help="All models of this author; may be repeated.")
@click.option(
    "--estimate", is_flag=True, help="Estimate models without a public vocabulary; estimates are marked with ~."
)
@click.option(
    "--format", "form", type=click.Choice([form.value for form in TextFormat]),
    help="Input format (default: from the file name).",
)  # fmt: skip
@click.option(
    "--text-column", multiple=True, default=("text",), show_default="text", callback=only_one,
    help="Column or key that holds the texts.",
)  # fmt: skip
@click.option(
    "--encoding",
    type=Encoding(),
    default="utf-8",
    show_default=True,
    help="Encoding of text files, JSON lines and CSV.",
)
@click.option(
    "--max-text", type=Size(), default="16MiB", show_default=True, help="Skip and report texts larger than this."
)
@click.option(
    "--output-tokens",
    type=OutputTokens(),
    default="0",
    show_default=True,
    help="Output tokens of each text: a number, a share of its input (25%), or a column.",
)
@click.option(
    "--cached-share", type=Share(), default="0", show_default=True, help="Share of each text that is read from a cache."
)
@click.option("--batch", is_flag=True, help="Use batch prices.")
@click.option("--as-of", type=Day(), help="Use the prices of this date, UTC (default: today).")
@click.option(
    "--sample", type=Share(), help="Count a random sample of this share, such as 1%, and report confidence intervals."
)
@click.option("--seed", default="0", show_default=True, help="Seed of the sample.")
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
    help="Where to count: processes of this machine, or a Ray cluster.",
)  # fmt: skip
@click.option("--address", help="Address of the Ray cluster (default: the one that Ray finds or starts).")
@click.option("--workers", type=click.IntRange(1, 1024), help="Worker processes (default: one per usable processor).")
@click.option("--resume", is_flag=True, help="Continue the same estimate where it was stopped.")
@click.option(
    "--documents",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one row per text to this file (CSV or Parquet).",
)
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTML page with charts to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def estimate(context: click.Context, /, **options: Any) -> None:
    """Estimate what the texts of INPUTS would cost.

    INPUTS are files, folders, glob patterns, URLs of object stores, or - for standard input. In folders, hidden files
    and files excluded by .gitignore are skipped.

    JSONL, CSV and Parquet files hold one text per row, in --text-column; any other file is one text. Files that end in
    .gz or .zst are decompressed.

    Rows may also be chats: OpenAI messages, lines of batch files of OpenAI, Anthropic and Google, and ShareGPT
    conversations. They are counted whole, with frame, tools and images. Without --model, each is counted for the model
    that it names.
    """
    with report_faults():
        session = EstimateSession(_request(options))
        try:
            with session.opened():
                outcome = session.run()
                session.write_files(outcome)
        except KeyboardInterrupt:
            click.echo(session.stopped_sentence(), err=True)
            context.exit(INTERRUPTED)
    report(outcome) if options["as_json"] else show(outcome)
    if not outcome.is_whole:
        context.exit(INCOMPLETE)


@contextmanager
def report_faults() -> Iterator[None]:
    """End the command with exit status 1 and a sentence for faults of the estimate and of files."""
    try:
        yield
    except EstimationError as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        full = (
            " Finished parts are kept: free some space, then repeat the command with --resume."
            if fault.errno in NO_ROOM
            else ""
        )
        raise click.ClickException(f"{fault.filename or 'Writing'}: {fault.strerror or fault}.{full}") from None


def _request(options: dict[str, Any]) -> EstimateRequest:
    registry = load_registry()
    output: Output = options["output_tokens"]
    share: Decimal | None = options["sample"]
    day: date | None = options["as_of"]
    if share is not None and not share:
        raise click.UsageError("--sample must be above 0.")
    if share is not None and options["documents"]:
        raise click.UsageError("--documents needs every text, so it cannot be used with --sample.")
    reading = ReadOptions(options["text_column"], output.column, options["encoding"], options["max_text"])
    models, own = chosen_or_own_models(registry, options, reading)
    return EstimateRequest(
        registry=registry,
        book=load_book(registry),
        models=models,
        estimated=options["estimate"],
        inputs=options["inputs"],
        form=TextFormat(options["form"]) if options["form"] else None,
        reading=reading._replace(own_models=own),
        workload=Workload(day or utc_now().date(), output, Fraction(options["cached_share"]), options["batch"]),
        day_given=day is not None,
        sample=share,
        seed=options["seed"],
        ray_address=(options["address"] or "") if options["engine"] == "ray" else None,
        workers=options["workers"] or usable_processors(),
        resume=options["resume"],
        documents=options["documents"],
        html=options["html"],
    )
