"""A price book as a file: one row a line, each sealed by the line before, and a closing line.

Every line ends with `check`: the start of a sha256 over the check before it and the line itself. A line
that was edited, lost or moved is found by its number. The closing line has the count of rows, the day of
the last refresh and what that refresh read; without it the file was cut off.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

from pricing_data.book.lines import BookLines, RowKey, SourceVersion, key_of
from pricing_data.book.row_fields import BadField
from pricing_data.book.row_reading import parse
from pricing_data.book.row_writing import dump
from pricing_data.errors import DamagedBook
from pricing_data.price import Price
from weighbridge_base.files import replace_file

CHECK = re.compile(rb',"check":"([0-9a-f]{12})"\}', re.ASCII)
CHECK_LENGTH = 12
SEAL_LENGTH = CHECK_LENGTH + len(',"check":""}')
CLOSING = b'{"closing":'


def book_text(rows: Sequence[Price], refreshed_at: date, source_versions: Sequence[SourceVersion]) -> str:
    """Return the text of a book's file. `read` gives the same contents back."""
    lines: list[str] = []
    check = ""
    for row in rows:
        line, check = _seal(dump(row), check)
        lines.append(line)
    sources = [asdict(version) for version in source_versions]
    facts = {"rows": len(rows), "refreshed_at": refreshed_at.isoformat(), "sources": sources}
    closing, _ = _seal(json.dumps({"closing": facts}, separators=(",", ":")), check)
    return "".join(f"{line}\n" for line in (*lines, closing))


def read(path: Path) -> BookLines:
    """Return the contents of a file, the seal of every line checked. Raise DamagedBook, which names the line; OSError.

    A line is read as a row here only if its seal is wrong, to name the field at fault.
    """
    raw = path.read_bytes()
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise DamagedBook(path, raw[: fault.start].count(b"\n") + 1, None, "not UTF-8") from fault
    lines = raw.split(b"\n")
    if lines.pop():
        raise DamagedBook(path, len(lines) + 1, None, "the last line is cut off: it has no newline")
    *body, closing = lines or [b""]
    rows: list[bytes] = []
    keys: list[RowKey] = []
    check = b""
    for number, line in enumerate(body, start=1):
        row, key, check = _read_line(path, number, line, check)
        rows.append(row)
        keys.append(key)
    return _read_closing(path, rows, keys, closing, check)


def write(path: Path, text: str) -> None:
    """Replace the text of a file atomically: a reader sees the old file or the new one. Raise OSError."""
    replace_file(path, text.encode(), mode=0o644, durable=True)


def _seal(line: str, before: str) -> tuple[str, str]:
    check = _check(line.encode(), before.encode())
    return f'{line[:-1]},"check":"{check}"}}', check


def _check(line: bytes, before: bytes) -> str:
    return hashlib.sha256(before + b"\n" + line).hexdigest()[:CHECK_LENGTH]


def _read_line(path: Path, number: int, line: bytes, before: bytes) -> tuple[bytes, RowKey, bytes]:
    if line.startswith(CLOSING):
        raise DamagedBook(path, number, None, "rows follow the closing line")
    body, check = _split_check(path, number, line)
    try:
        if check != _check(body, before).encode():
            row = parse(body.decode())
            raise DamagedBook(path, number, "check", _edited(row.model, row.effective_from))
        return body, key_of(body), check
    except BadField as fault:
        raise DamagedBook(path, number, fault.field, fault.reason) from fault


def _split_check(path: Path, number: int, line: bytes) -> tuple[bytes, bytes]:
    """A line without its check, and the check."""
    found = CHECK.search(line, max(0, len(line) - SEAL_LENGTH))
    if found is None or found.end() != len(line):
        raise DamagedBook(path, number, "check", "not a sealed row: it has been written or cut by hand")
    return line[: found.start()] + b"}", found[1]


def _edited(model: str, day: date) -> str:
    return f"the row of {model} from {day}, or the one before it, has been edited, moved or taken out"


def _read_closing(path: Path, rows: Sequence[bytes], keys: Sequence[RowKey], line: bytes, check: bytes) -> BookLines:
    number = len(rows) + 1
    if not line.startswith(CLOSING):
        after = f" after the row of {keys[-1].model} from {keys[-1].begins}" if keys else ""
        raise DamagedBook(path, number, None, f"the file is cut off{after}: its closing line is missing")
    body, found = _split_check(path, number, line)
    try:
        facts = json.loads(body)["closing"]
        source_versions = tuple(SourceVersion(**source) for source in facts["sources"])
        contents = BookLines(
            path, rows, keys, date.fromisoformat(facts["refreshed_at"]), source_versions, check.decode()
        )
        count = facts["rows"]
    except (ValueError, TypeError, LookupError) as fault:
        raise DamagedBook(path, number, "closing", f"malformed: {fault!r}") from fault
    if found != _check(body, check).encode() or count != len(rows):
        raise DamagedBook(path, number, "check", f"rows are missing before this line: it closes {count} rows")
    return contents
