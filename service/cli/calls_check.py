"""`weighbridge calls check`: what providers counted, against our counts, by model, host and parts."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from service.cli.catalogue import load_registry
from service.cli.table import CellValue, Column, TableCell, print_table, say
from service.http import json
from tokenizer_registry.chat.drift import GroupDrift, GroupKey, LogDrift, Threshold, compare_log
from tokenizer_registry.chat.logs import read_lines

ABOVE, NOT_ALL = 1, 2
MAX_FAULTS_SHOWN = 20
EPILOG = (
    "Exit status: 0, all lines were compared, and no group is above the threshold; 1, a group is above it, or the file "
    "cannot be read; 2, some lines could not be compared."
)


class ThresholdOption(click.ParamType[Threshold]):
    """An option that is a share of the charged tokens, such as 1%, or a number of tokens a call."""

    name = "threshold"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        """Return the threshold, 0 or more."""
        if isinstance(value, Threshold):
            return value
        text = str(value).strip()
        is_share = text.endswith("%")
        try:
            amount = Decimal(text.removesuffix("%"))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            raise click.BadParameter(f"{value!r} is neither a share such as 1% nor a number of tokens a call.")
        return Threshold(amount / 100 if is_share else amount, is_share)


@click.command(epilog=EPILOG)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--threshold", type=ThresholdOption(),
    help="Exit with status 1 if a group differs by more: a share of the charged tokens (1%), or tokens a call (3).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def check(context: click.Context, /, file: Path, threshold: Threshold | None, as_json: bool) -> None:
    """Compare a log of calls in FILE with what is counted here.

    FILE has a JSON object on each line, with the request as it was sent and the usage that the provider reported. A
    residual is our count less the provider's. There is one group for each model, host and kind of content.
    """
    registry = load_registry()
    try:
        with file.open("rb") as lines:
            drift = compare_log(registry, read_lines(lines))
    except OSError as fault:
        raise click.ClickException(f"Cannot read {file}: {fault.strerror}.") from None
    if as_json:
        click.echo(json.encode(_report(drift, threshold)))
    else:
        _show(drift, threshold)
    if threshold is not None and any(group.is_above(threshold) for group in drift.groups.values()):
        context.exit(ABOVE)
    if drift.faults:
        context.exit(NOT_ALL)


def _show(drift: LogDrift, threshold: Threshold | None) -> None:
    numbers = ("calls", "counted", "exact", "±3", "in band", "charged", "residual", "worst")
    columns = [Column("model", "name"), Column("host", "name"), Column("parts", "text")]
    print_table(
        [*columns, *(Column(heading, "number") for heading in numbers)],
        [_cells(key, drift.groups[key]) for key in sorted(drift.groups)],
    )
    for sentence in _sentences(drift, threshold):
        say(sentence)
    for fault in drift.faults[:MAX_FAULTS_SHOWN]:
        click.echo(f"Line {fault.line:,} was not compared: {fault.reason}.", err=True)
    if (more := len(drift.faults) - MAX_FAULTS_SHOWN) > 0:
        click.echo(f"And {more:,} more lines were not compared; --json has them.", err=True)


def _cells(key: GroupKey, group: GroupDrift) -> list[CellValue]:
    worst = f"{group.worst:+,} (line {group.worst_line:,})" if group.worst_line is not None else "0"
    residual = TableCell(f"{group.residual:+,}" if group.residual else "0", str(group.residual))
    shares = [_share(number, group.counted) for number in (group.exact, group.near, group.in_band)]
    amounts: list[CellValue] = [group.charged_tokens, residual, TableCell(worst, str(group.worst))]
    return [key.model, key.host, ", ".join(key.parts), group.calls, group.counted, *shares, *amounts]


def _share(number: int, of: int) -> CellValue:
    return TableCell(f"{number / of:.0%}", str(number)) if of else None


def _sentences(drift: LogDrift, threshold: Threshold | None) -> Iterator[str]:
    groups = drift.groups.values()
    calls, counted = sum(group.calls for group in groups), sum(group.counted for group in groups)
    exact, residual = sum(group.exact for group in groups), sum(group.residual for group in groups)
    yield (
        f"{counted:,} of {calls:,} calls have a count, {exact:,} of them the provider's; together the counts are "
        f"{residual:+,} tokens from {sum(group.charged_tokens for group in groups):,}."
    )
    missing: dict[str, int] = {}
    for group in groups:
        for what, times in group.missing.items():
            missing[what] = missing.get(what, 0) + times
    for what, times in sorted(missing.items(), key=lambda item: -item[1])[:MAX_FAULTS_SHOWN]:
        yield f"No count, {times:,} times: {what}."
    for key in sorted(drift.groups) if threshold is not None else ():
        if threshold is not None and drift.groups[key].is_above(threshold):
            yield f"Above the threshold: {key.model} at {key.host}, {', '.join(key.parts) or 'frame alone'}."


def _report(drift: LogDrift, threshold: Threshold | None) -> json.Value:
    groups: list[json.Value] = [_entry(key, drift.groups[key], threshold) for key in sorted(drift.groups)]
    faults: list[json.Value] = [{"line": fault.line, "reason": fault.reason} for fault in drift.faults]
    return {"groups": groups, "not_compared": faults}


def _entry(key: GroupKey, group: GroupDrift, threshold: Threshold | None) -> json.Value:
    parts: list[json.Value] = [*key.parts]
    missing: list[json.Value] = [{"what": what, "calls": calls} for what, calls in group.missing.items()]
    return {
        "model": key.model,
        "host": key.host,
        "shape": key.shape,
        "parts": parts,
        "calls": group.calls,
        "counted": group.counted,
        "exact": group.exact,
        "within_3": group.near,
        "in_band": group.in_band,
        "charged_tokens": group.charged_tokens,
        "counted_tokens": group.counted_tokens,
        "residual_tokens": group.residual,
        "absolute_residual_tokens": group.absolute,
        "worst_residual": group.worst,
        "worst_line": group.worst_line,
        "missing": missing,
        "is_above_threshold": threshold is not None and group.is_above(threshold),
    }
