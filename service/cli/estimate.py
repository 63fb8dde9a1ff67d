"""`weighbridge estimate`: what texts would cost, before anything is spent."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from estimation.errors import EstimationError
from estimation.reading.batch import Reading
from estimation.source import Format
from estimation.workload import Output, Workload
from service.cli.catalogue import load_registry
from service.cli.estimate_options import OutputTokens, Share, Size, chosen_models, only_one
from service.cli.estimate_report import report, show
from service.cli.estimate_session import Request, Session
from service.cli.price_book import Day, loaded_book
from service.cli.text_files import Encoding
from service.runtime.clock import utc_now
from tokenizer_registry.processors import usable_processors

INCOMPLETE, INTERRUPTED = 2, 130
# A full disk, a quota that is used up, a file larger than the process may write.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
EPILOG = (
    "Exit status: 0, everything was counted; 2, something could not be read, and is listed; "
    "1, nothing could be done; 130, stopped by Ctrl-C."
)


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--model", "-m", "names", multiple=True, help="A model; repeat it, or '*' for all.")
@click.option("--author", "-a", "authors", multiple=True, help="All models of an author; repeat it.")
@click.option("--estimate", is_flag=True, help="Estimate models without a public vocabulary, marked with ~.")
@click.option("--format", "form", type=click.Choice([form.value for form in Format]), help="How texts lie.")
@click.option(
    "--text-column", multiple=True, default=("text",), show_default="text", callback=only_one,
    help="The column or key that has the texts.",
)  # fmt: skip
@click.option("--encoding", type=Encoding(), default="utf-8", show_default=True, help="Of text files, lines and CSV.")
@click.option("--max-text", type=Size(), default="16MiB", show_default=True, help="Longer ones are listed.")
@click.option("--output-tokens", type=OutputTokens(), default="0", help="For each text: 500, 25%, or a column.")
@click.option("--cached-share", type=Share(), default="0", help="The share of each text in a cache.")
@click.option("--batch", is_flag=True, help="At the prices for batches.")
@click.option("--as-of", type=Day(), help="At the prices of this day (UTC); without it, today.")
@click.option("--sample", type=Share(), help="Count about this share of the texts, and say how sure the totals are.")
@click.option("--seed", default="0", show_default=True, help="Another seed draws another sample.")
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True)
@click.option("--address", help="The Ray cluster; without it, the one that Ray finds or starts.")
@click.option("--workers", type=click.IntRange(1, 1024), help="Processes (default: one for each usable processor).")
@click.option("--resume", is_flag=True, help="Go on with the same estimate, where it was stopped.")
@click.option("--documents", type=click.Path(path_type=Path, dir_okay=False), help="Write a row for every text.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with charts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def estimate(context: click.Context, /, **options: Any) -> None:
    """Estimate what the texts of INPUTS would cost.

    INPUTS are files, folders, patterns, URLs of object stores, or - for standard input. Of a folder, hidden files and
    those that .gitignore excludes are left out.

    A file is one text; JSONL, CSV and Parquet, by their names, have one text a row, in --text-column. Names that end
    in .gz or .zst are unpacked.
    """
    with faults_reported():
        session = Session(_request(options))
        try:
            with session.opened():
                outcome = session.run()
                session.write_files(outcome)
        except KeyboardInterrupt:
            click.echo(session.kept_sentence(), err=True)
            context.exit(INTERRUPTED)
    report(outcome) if options["as_json"] else show(outcome)
    if not outcome.is_whole:
        context.exit(INCOMPLETE)


@contextmanager
def faults_reported() -> Iterator[None]:
    """What goes wrong ends the command with exit status 1 and a sentence."""
    try:
        yield
    except EstimationError as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        full = " What was counted is kept: make room, then --resume." if fault.errno in NO_ROOM else ""
        raise click.ClickException(f"{fault.filename or 'Writing'}: {fault.strerror or fault}.{full}") from None


def _request(options: dict[str, Any]) -> Request:
    registry = load_registry()
    output: Output = options["output_tokens"]
    share: Decimal | None = options["sample"]
    day: date | None = options["as_of"]
    if share is not None and not share:
        raise click.UsageError("--sample has to be above 0.")
    if share is not None and options["documents"]:
        raise click.UsageError("--documents wants every text, --sample only some: use one of them.")
    return Request(
        registry=registry,
        book=loaded_book(registry),
        models=tuple(chosen_models(registry, options["names"], options["authors"])),
        estimated=options["estimate"],
        inputs=options["inputs"],
        form=Format(options["form"]) if options["form"] else None,
        reading=Reading(options["text_column"], output.column, options["encoding"], options["max_text"]),
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
