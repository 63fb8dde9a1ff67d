"""Suggestions for misspelt names."""

from collections.abc import Iterable
from difflib import get_close_matches

# Comparing takes time proportional to the length of the name, and no known name is nearly as long.
MAX_NAME_CHARACTERS = 100


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most similar to `name`, or None if none is similar."""
    if len(name) > MAX_NAME_CHARACTERS:
        return None
    names = list(known)
    same = (one for one in names if one.casefold() == name.casefold())
    return next(same, None) or next(iter(get_close_matches(name, names, n=1)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the question "Did you mean X?" with the nearest known name, or `otherwise` if none is similar."""
    near = nearest(name, known)
    return f"Did you mean {near}?" if near else otherwise
