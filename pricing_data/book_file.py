"""A price book as a file: one row a line, each sealed by the line before, and a closing line.

Every line ends with `check`: the start of a sha256 over the check before it and the line itself. A line
that was edited, lost or moved is found by its number. The closing line has the count of rows, the day of
the last refresh and what that refresh read; without it the file was cut off.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pricing_data.errors import DamagedBook
from pricing_data.price import Price
from pricing_data.replacing import replacing
from pricing_data.row import BadField, dump, parse

CHECK = re.compile(r',"check":"([0-9a-f]{12})"\}', re.ASCII)
CHECK_LENGTH = 12
CLOSING = '{"closing":'


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source file that a refresh read."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows of a file in its order, the day of the last refresh, what it read, and the last row's check."""

    rows: tuple[Price, ...]
    refreshed_at: date
    snapshots: tuple[Snapshot, ...]
    check: str


def text_of(rows: Sequence[Price], refreshed_at: date, snapshots: Sequence[Snapshot]) -> str:
    """The text of a book's file. `read` gives the same contents back."""
    lines: list[str] = []
    check = ""
    for row in rows:
        line, check = _sealed(dump(row), check)
        lines.append(line)
    sources = [asdict(snapshot) for snapshot in snapshots]
    facts = {"rows": len(rows), "refreshed_at": refreshed_at.isoformat(), "sources": sources}
    closing, _ = _sealed(json.dumps({"closing": facts}, separators=(",", ":")), check)
    return "".join(f"{line}\n" for line in (*lines, closing))


def read(path: Path) -> Contents:
    """The contents of a file, every line checked. Raises DamagedBook, which names the line; OSError."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise DamagedBook(path, raw[: fault.start].count(b"\n") + 1, None, "not UTF-8") from fault
    lines = text.split("\n")
    if lines.pop():
        raise DamagedBook(path, len(lines) + 1, None, "the last line is cut off: it has no newline")
    *body, closing = lines or [""]
    rows: list[Price] = []
    check = ""
    for number, line in enumerate(body, start=1):
        row, check = _row(path, number, line, check)
        rows.append(row)
    return _closed(path, rows, closing, check)


def write(path: Path, text: str) -> None:
    """Put `text` in place of a file at once: a reader sees the old file or the new one. Raises OSError."""
    with replacing(path) as file:
        file.write(text.encode())


def _sealed(line: str, before: str) -> tuple[str, str]:
    check = _check(line, before)
    return f'{line[:-1]},"check":"{check}"}}', check


def _check(line: str, before: str) -> str:
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()[:CHECK_LENGTH]


def _row(path: Path, number: int, line: str, before: str) -> tuple[Price, str]:
    if line.startswith(CLOSING):
        raise DamagedBook(path, number, None, "rows follow the closing line")
    body, check = _opened(path, number, line)
    try:
        row = parse(body)
    except BadField as fault:
        raise DamagedBook(path, number, fault.field, fault.reason) from fault
    if check != _check(body, before):
        raise DamagedBook(path, number, "check", _edited(row.model, row.effective_from))
    return row, check


def _opened(path: Path, number: int, line: str) -> tuple[str, str]:
    """A line without its check, and the check."""
    found = CHECK.search(line, max(0, len(line) - CHECK_LENGTH - len(',"check":""}')))
    if found is None or found.end() != len(line):
        raise DamagedBook(path, number, "check", "not a sealed row: it has been written or cut by hand")
    return line[: found.start()] + "}", found[1]


def _edited(model: str, day: date) -> str:
    return f"the row of {model} from {day}, or the one before it, has been edited, moved or taken out"


def _closed(path: Path, rows: Sequence[Price], line: str, check: str) -> Contents:
    number = len(rows) + 1
    if not line.startswith(CLOSING):
        after = f" after the row of {rows[-1].model} from {rows[-1].effective_from}" if rows else ""
        raise DamagedBook(path, number, None, f"the file is cut off{after}: its closing line is missing")
    body, found = _opened(path, number, line)
    try:
        facts = json.loads(body)["closing"]
        snapshots = tuple(Snapshot(**source) for source in facts["sources"])
        contents = Contents(tuple(rows), date.fromisoformat(facts["refreshed_at"]), snapshots, check)
        count = facts["rows"]
    except (ValueError, TypeError, LookupError) as fault:
        raise DamagedBook(path, number, "closing", f"malformed: {fault!r}") from fault
    if found != _check(body, check) or count != len(rows):
        raise DamagedBook(path, number, "check", f"rows are missing before this line: it closes {count} rows")
    return contents
