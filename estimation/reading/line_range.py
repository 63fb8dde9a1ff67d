"""Lines of a source by where they start: any range of bytes can be read by itself, and every line is in one range."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import BinaryIO, NamedTuple

from estimation.fault import Fault, line_too_long
from estimation.source import Source

CHUNK_BYTES = 1 << 20
# What a line may have besides its text: the other columns, and the text's escapes.
LINE_SHARE = 7


class Line(NamedTuple):
    """A line's bytes without its end, and where it starts. `hits` is how many points of a sample it holds."""

    offset: int
    content: bytes
    hits: int = 0
    length: int = 0


def lines_from(stream: BinaryIO, source: Source, begin: int, end: int | None, limit: int) -> Iterator[Line | Fault]:
    """The lines that start in the range; those over the limit are faults, and are never held in memory."""
    if begin:
        stream.seek(begin - 1)
        begin = begin - 1 + _skip_line(stream, None if end is None else end - begin + 1)
    offset = begin
    while end is None or offset < end:
        content = stream.readline(limit + 1)
        if not content:
            return
        size = len(content)
        if size > limit and not content.endswith(b"\n"):
            size += _skip_line(stream)
            yield Fault(source.name, f"byte {offset}", line_too_long(size, limit))
        else:
            yield Line(offset, content.rstrip(b"\r\n"), length=size)
        offset += size


def lines_at(stream: BinaryIO, source: Source, offsets: Sequence[int], limit: int) -> Iterator[Line | Fault]:
    """The lines that hold these bytes, each once, in their order."""
    starts = ((_start_of_line(stream, offset, limit), offset) for offset in sorted(offsets))
    for start, group in groupby(starts, key=lambda pair: pair[0]):
        held = [offset for _, offset in group]
        if start is None:
            yield Fault(source.name, f"byte {held[0]}", line_too_long(None, limit))
            continue
        stream.seek(start)
        content = stream.readline(limit + 1)
        if len(content) > limit and not content.endswith(b"\n"):
            yield Fault(source.name, f"byte {start}", line_too_long(None, limit))
        else:
            yield Line(start, content.rstrip(b"\r\n"), len(held), len(content))


def _skip_line(stream: BinaryIO, most: int | None = None) -> int:
    """Read to the end of the line, or as soon as more than `most` are read; answers how many bytes that were.

    Without the bound, every part of a line of a gigabyte would read all the rest of it.
    """
    skipped = 0
    while content := stream.readline(CHUNK_BYTES):
        skipped += len(content)
        if content.endswith(b"\n") or (most is not None and skipped >= most):
            break
    return skipped


def _start_of_line(stream: BinaryIO, offset: int, limit: int) -> int | None:
    """Where the line that holds a byte starts; None if that is more than the limit before it."""
    at = offset
    while at > 0:
        begin = max(0, at - min(CHUNK_BYTES, 8 * 1024))
        stream.seek(begin)
        found = stream.read(at - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        at = begin
        if offset - at > limit:
            return None
    return 0
