"""What could not be counted, and why: listed at the end, never dropped in silence."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One text, or where `place` is None all that is left of a source. The reason is a sentence with the next step."""

    source: str
    place: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.source}{f', {self.place}' if self.place else ''}: {self.reason}"


NOT_UTF8 = "it is not valid UTF-8; convert it, as with iconv, or name its --encoding."
SURROGATE = "it has a lone surrogate, which no valid text contains."


def line_too_long(size: int | None, limit: int) -> str:
    """The reason for which a line is not read. Sizes in bytes; None if only its beginning was looked at."""
    size_text = "" if size is None else f" of {size:,} bytes"
    return (
        f"a line{size_text} is over {limit:,} bytes, the most that --max-text leaves to a line. "
        "Split its text, or raise --max-text."
    )


def too_long(size: int, limit: int) -> str:
    """The reason for which a text is not counted. Sizes in bytes."""
    return (
        f"a text of {size:,} bytes is over --max-text ({limit:,}): no model takes so much in one call. "
        "Split it, read it with --format lines, or raise --max-text."
    )
