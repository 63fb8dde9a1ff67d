"""What `weighbridge cost` is given: a usage or a response, a list of them, or one on each line."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from pricing_data.usage_pricing import MARKS_OF_A_RESPONSE, PROPERTIES
from service.http import json
from service.http.json import NotJson

STDIN = "-"
# Of one list or one line, as they are held in memory.
MAX_ITEMS, MAX_VALUES = 1_000_000, 20_000_000


def read_items(path: Path) -> tuple[list[Any], bool]:
    """Return the values in a file of JSON or of JSON lines, and whether it is one value that is no list.

    A value that is no JSON ends the command with a sentence that names its line.
    """
    try:
        body = sys.stdin.buffer.read() if str(path) == STDIN else path.read_bytes()
    except OSError as error:
        raise click.ClickException(f"Cannot read {click.format_filename(path)}: {error.strerror}.") from None
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        found = json.decode_list(body, MAX_VALUES, MAX_ITEMS)
    except NotJson as fault:
        lines = body.splitlines()
        if len(lines) < 2 or not body.startswith(b"{"):
            raise click.ClickException(str(fault)) from None
        return list(_lines(lines, fault)), False
    return (found, False) if isinstance(found, list) else ([found], True)


def _lines(lines: list[bytes], of_whole: NotJson) -> Iterator[Any]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield json.decode(line)
        except NotJson as fault:
            # A first line that is no value belongs to one value over several lines, which has its own fault.
            sentence = str(of_whole) if number == 1 else f"Line {number}: {fault}"
            raise click.ClickException(sentence) from None


def with_terms(item: Any, terms: Mapping[str, str]) -> Any:
    """Return an item with the terms that options state, which win over its own; a bare usage becomes an item."""
    if not isinstance(item, dict):
        return item
    if "usage" not in item and "response" not in item and MARKS_OF_A_RESPONSE.isdisjoint(item):
        return {"usage": item, **terms}
    if not terms:
        return item
    return {**item, **terms} if frozenset(PROPERTIES).issuperset(item) else {"response": item, **terms}
