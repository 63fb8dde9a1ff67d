"""Checks of arguments: a value of the wrong type is a TypeError that says what to pass."""

from collections.abc import Iterable
from datetime import UTC, date, datetime


def check_text(text: object) -> None:
    """Raise TypeError unless `text` is a string."""
    if not isinstance(text, str):
        hint = "; decode the bytes first" if isinstance(text, bytes | bytearray) else ""
        raise TypeError(f"text must be a str, not {type(text).__name__}{hint}")


def check_name(model: object, function: str) -> None:
    """Raise TypeError unless `model` is a string; a list belongs to another function."""
    if isinstance(model, str):
        return
    hint = "; weighbridge.counts(text, models) takes several" if function == "count" else ""
    raise TypeError(f"model must be a str such as 'gpt-4o', not {type(model).__name__}{hint}")


def names_of(models: Iterable[str]) -> list[str]:
    """Return names of models as a list. Raise TypeError for a single string, and for names that are no strings."""
    if isinstance(models, str):
        raise TypeError(
            f"models must be a list of names: pass [{models!r}], or use weighbridge.count(text, {models!r})"
        )
    return _strings(models, "models")


def authors_of(authors: Iterable[str]) -> frozenset[str]:
    """Return names of authors as a set. Raise TypeError for a single string, and for names that are no strings."""
    if isinstance(authors, str):
        raise TypeError(f"authors must be a list of names: pass [{authors!r}]")
    return frozenset(_strings(authors, "authors"))


def _strings(values: Iterable[str], argument: str) -> list[str]:
    try:
        names = list(values)
    except TypeError:
        raise TypeError(f"{argument} must be a list of names, not {type(values).__name__}") from None
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{argument} must be a list of names, each a str, not {type(name).__name__}")
    return names


def instant(at: date | None) -> date:
    """Return a day or an aware instant, now without one. Raise TypeError, and ValueError for one without a zone."""
    if at is None:
        return datetime.now(UTC)
    if not isinstance(at, date):
        raise TypeError(f"at must be a datetime.date or an aware datetime.datetime, not {type(at).__name__}")
    if isinstance(at, datetime) and at.tzinfo is None:
        raise ValueError(f"at has no time zone: pass {at.isoformat()} with one, such as tzinfo=datetime.UTC")
    return at
