"""A file that is one text."""

from collections.abc import Iterator

from estimation.compression import unpacked
from estimation.errors import Unreadable
from estimation.fault import NOT_UTF8, too_long
from estimation.reading.batch import Reading, Record
from estimation.reading.values import without_mark
from estimation.source import Source


def whole_text(source: Source, reading: Reading, points: int = 0) -> Iterator[Record]:
    """The text. Raises Unreadable."""
    limit = reading.max_text_bytes
    with unpacked(source) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise Unreadable(source.name, too_long(max(source.size, limit + 1), limit))
    yield Record(0, _decoded(source, reading, content), 0, points, source.size + 1)


def _decoded(source: Source, reading: Reading, content: bytes) -> str:
    if reading.encoding == "utf-8" and (zero := content.find(0)) >= 0:
        marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        reason = (
            "it looks like UTF-16; name its --encoding."
            if marked
            else f"it is binary: byte {zero} is 0; leave it out, or name its --encoding."
        )
        raise Unreadable(source.name, reason)
    try:
        return without_mark(content.decode(reading.encoding))
    except UnicodeDecodeError as fault:
        raise Unreadable(source.name, f"byte {fault.start}: {NOT_UTF8}") from None
