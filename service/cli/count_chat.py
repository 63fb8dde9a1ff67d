"""`weighbridge count --chat`: tokens and cost of whole requests, part by part."""

import json as standard_json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import click

from corpus_cost.chat_prices import chat_input_cost
from corpus_cost.model_names import ModelNames
from pricing_data import Terms, UnpricedUsage
from pricing_data.named_prices import find_price
from pricing_data.responses.providers import host_of
from service.cli.catalogue import known_names, unknown_model
from service.cli.configuration import configuration
from service.cli.table import NOTHING, CellValue, Column, TableCell, money, print_table
from service.cli.text_files import TextFiles
from service.http import json
from tokenizer_registry import RegistryError
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.parts import ChatCount, ChatParts, Part
from tokenizer_registry.chat.recognition import SHAPES, shape_of

MAX_MISSING_SHOWN = 5


class RequestFault(Exception):
    """A file that holds no request that can be counted. The text says why."""


class ChatRow(NamedTuple):
    """The count of one request for one name of a model. `usd` is the exact cost as input; `reason` says why not."""

    file: str
    model: str
    counted: ChatCount
    usd: Decimal | None
    reason: str | None = None


def count_files(
    names: ModelNames,
    wanted: Sequence[str],
    inputs: TextFiles,
    *,
    host: str | None,
    shape: str | None,
    quiet: bool,
    as_json: bool,
) -> bool:
    """Print the counts of the requests in files. Return whether every request has a count for every model."""
    rows = list(count_chats(names, wanted, inputs, host, shape))
    if as_json:
        click.echo(json.encode([chat_entry(row) for row in rows]))
    elif quiet:
        for row in rows:
            click.echo(NOTHING if row.counted.tokens is None else row.counted.tokens)
    elif rows:
        print_chats(rows)
    for sentence in [*([] if quiet or as_json else inputs.notes), *inputs.faults]:
        click.echo(sentence, err=True)
    return not inputs.faults and all(row.counted.tokens is not None for row in rows)


def count_chats(
    names: ModelNames, wanted: Sequence[str], inputs: TextFiles, host: str | None, shape: str | None
) -> Iterator[ChatRow]:
    """Yield the counts of the requests in files, in the order of the models. Faults are added to those of `inputs`."""
    for file, text in inputs.texts():
        try:
            body = _body_of(text)
            found = _shape_of(body, shape)
            models = _models_of(names, wanted, body)
            rows = [_row(names, file, found, body, model, host) for model in models]
        except (RequestFault, RegistryError) as fault:
            inputs.faults.append(f"{file}: {fault}{'' if str(fault).endswith('.') else '.'}")
            continue
        yield from rows


def _body_of(text: str) -> Any:
    try:
        body = standard_json.loads(text)
    except RecursionError:
        raise RequestFault("it is nested too deep to be a request.") from None
    except ValueError as fault:
        if "Extra data" in str(fault):
            raise RequestFault("it is not one request; `weighbridge estimate` counts one on each line.") from None
        raise RequestFault(f"it is not JSON: {fault}.") from None
    return {"messages": body} if isinstance(body, list) else body


def _shape_of(body: Any, shape: str | None) -> str:
    found = shape or shape_of(body)
    if found is None:
        raise RequestFault(f"it has the shape of no provider's request; name one with --shape: {', '.join(SHAPES)}.")
    return found


def _models_of(names: ModelNames, wanted: Sequence[str], body: Any) -> list[str]:
    """Return the models that were asked for, else that of the request, else the default one."""
    if wanted:
        return known_names(names.registry, wanted)
    name = body.get("model") or configuration().settings.default_model
    if not isinstance(name, str):
        raise RequestFault("it names no model; name one with --model.")
    if names.registry.names.find(name) is None:
        raise RequestFault(unknown_model(names.registry, name).message)
    return [name]


def _row(names: ModelNames, file: str, shape: str, body: Any, model: str, host: str | None) -> ChatRow:
    counted = count_request(names.registry, shape, body, model, host)
    if counted.tokens is None:
        return ChatRow(file, model, counted, None, "; ".join(counted.missing))
    known = names.counted(model)
    if known is None:
        return ChatRow(file, model, counted, None)
    named = known.named._replace(host=host_of(host) or known.named.host)
    price = find_price(names.book, named, Terms(datetime.now(UTC).date()))
    try:
        return ChatRow(file, model, counted, chat_input_cost(price, counted), price.reason)
    except UnpricedUsage as fault:
        return ChatRow(file, model, counted, None, fault.reason)


def print_chats(rows: Sequence[ChatRow]) -> None:
    """Print a table with a column for each part that a request has, and on standard error what is missing."""
    used = [name for name in ChatParts._fields if any(_is_used(getattr(row.counted.parts, name)) for row in rows)]
    columns = [Column("file", "name"), Column("model", "name"), Column("host", "name")]
    columns += [Column(heading, "number") for heading in ("tokens", "USD", *used)]
    print_table(columns, [_cells(row, used) for row in rows])
    for row in rows:
        if row.counted.tokens is None:
            more = len(row.counted.missing) - MAX_MISSING_SHOWN
            shown = "; ".join(row.counted.missing[:MAX_MISSING_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
            click.echo(f"{row.file}: no count for {row.model}. Missing: {shown}.", err=True)
        elif row.usd is None:
            click.echo(f"{row.file}: no cost of {row.model}: {row.reason or 'it has no price for input'}.", err=True)


def _is_used(part: Part) -> bool:
    return part.tokens != 0


def _cells(row: ChatRow, used: Sequence[str]) -> list[CellValue]:
    counted = row.counted
    mark = "~" if counted.method == "estimate" else ""
    usd = None if row.usd is None else money(row.usd, mark)
    parts = [_part_cell(getattr(counted.parts, name)) for name in used]
    return [row.file, row.model, counted.host, _whole_cell(counted), usd, *parts]


def _whole_cell(counted: ChatCount) -> CellValue:
    if counted.tokens is None or counted.method != "estimate":
        return counted.tokens
    return TableCell(
        f"~{counted.tokens:,} ({counted.low:,} to {counted.high:,})",
        f"~{counted.tokens} ({counted.low} to {counted.high})",
    )


def _part_cell(part: Part) -> CellValue:
    if part.tokens is None or part.method != "estimate":
        return part.tokens
    return TableCell(f"~{part.tokens:,}", f"~{part.tokens}")


def chat_entry(row: ChatRow) -> json.Value:
    """Return a count as JSON."""
    counted = row.counted
    parts: dict[str, json.Value] = {name: _part_entry(part) for name, part in counted.parts._asdict().items()}
    missing: list[json.Value] = [*counted.missing]
    return {
        "file": row.file,
        "model": row.model,
        "token_count": counted.tokens,
        "token_cost": row.usd,
        "resolved_model": counted.model,
        "host": counted.host,
        "vocabulary": counted.vocabulary,
        "method": counted.method,
        "low": counted.low,
        "high": counted.high,
        "missing": missing,
        "reason": row.reason,
        "parts": parts,
    }


def _part_entry(part: Part) -> json.Value:
    missing: list[json.Value] = [*part.missing]
    entry: dict[str, json.Value] = {"tokens": part.tokens, "method": part.method, "rule": part.rule}
    entry |= {"low": part.low, "high": part.high}
    return entry | ({"missing": missing} if missing else {})
