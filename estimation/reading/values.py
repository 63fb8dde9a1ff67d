"""Values of a row: the text, and the output tokens, each checked."""

from collections.abc import Iterable

WHOLE = 10**12


def is_text(value: object) -> bool:
    """Whether a value can be counted, or is a null."""
    return value is None or isinstance(value, str)


def without_mark(text: str) -> str:
    """The text of a file without its byte order mark, which is no text."""
    return text.removeprefix("\ufeff")


def output_tokens(value: object) -> int | None:
    """A whole number of tokens, 0 for a null; None where the value is neither."""
    if value is None or value == "":
        return 0
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < WHOLE:
        return value
    return None


def no_column(column: str, there: Iterable[str], option: str = "--text-column") -> str:
    """The reason for which a source has no texts."""
    names = list(there)
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"there is no column {column!r}; there are: {shown or 'none'}. Name the right one with {option}."


def not_text(column: str, value: object) -> str:
    """The reason for which a value is not counted."""
    return f"{column!r} is not a text but {type(value).__name__}: only strings are counted."


def not_tokens(column: str, value: object) -> str:
    """The reason for which a row's output is not known."""
    return f"{column!r} is not a whole number of tokens but {str(value)[:40]!r}."
