"""What a template wrote and what a user wrote, kept apart: control strings in a user's text stay ordinary text.

A user's strings are marked before rendering: a mark stands behind each character that begins a control token and before
each that ends one, so that none can begin or end in a user's text. The mark is a lone surrogate, which no text that can
be counted contains.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache, partial
from typing import Any, Final

from tokenizer_registry.chat.open_weights.kept_objects import KeptObject, made_once
from tokenizer_registry.chat.open_weights.shipped import ControlTokens
from tokenizer_registry.errors import UncountableText

MARK: Final = "\udc00"
MARK_IN_JSON: Final = "\\udc00"
# Vocabularies times the strings that their templates look for.
MAX_MARKERS: Final = 256


class UserTextMarker:
    """Marks strings of requests for a vocabulary. `plain` are strings that are left as they are."""

    __slots__ = ("_changes", "_plain", "_words")

    def __init__(self, controls: ControlTokens, plain: Iterable[str] = ()) -> None:
        self._changes: Final = _changes(controls.tokens)
        self._words: Final = tuple(token for token in controls.tokens if token[-1].isalnum() or token[0].isalnum())
        self._plain: Final = _any_of(tuple(plain)) if plain else None

    def mark(self, value: Any) -> Any:
        """Return a value with all its strings marked, keys of objects too."""
        if isinstance(value, str):
            return self.mark_text(value)
        if isinstance(value, list):
            return [self.mark(each) for each in value]
        if isinstance(value, dict):
            return made_once(value, self, partial(self._marked_object, value))
        return value

    def _marked_object(self, value: dict[str, Any]) -> dict[str, Any]:
        marked = {self.mark(key): self.mark(each) for key, each in value.items()}
        return KeptObject(marked) if type(value) is KeptObject else marked

    def mark_text(self, text: str) -> str:
        """Return a text with its marks. Raise UncountableText for one that holds the mark already."""
        if MARK in text:
            raise UncountableText(f"it holds the lone surrogate U+{ord(MARK):04X}, which no valid text contains")
        if self._plain is None:
            return self._marked(text)
        pieces = self._plain.split(text)
        return "".join(self._marked(piece) if place % 2 == 0 else piece for place, piece in enumerate(pieces))

    def _marked(self, text: str) -> str:
        for word in self._words:
            text = text.replace(word, f"{word[:1]}{MARK}{word[1:]}")
        for letter, marked in self._changes:
            text = text.replace(letter, marked)
        return text


@lru_cache(MAX_MARKERS)
def marker_of(controls: ControlTokens, plain: tuple[str, ...] = ()) -> UserTextMarker:
    """Return the marker of a vocabulary, the same one for the same strings."""
    return UserTextMarker(controls, plain)


@cache
def _changes(tokens: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return each bracket that begins or ends a control token, and how it is marked."""
    firsts = {token[0] for token in tokens if not token[0].isalnum()}
    lasts = {token[-1] for token in tokens if not token[-1].isalnum()}
    return tuple(
        (letter, f"{MARK if letter in lasts else ''}{letter}{MARK if letter in firsts else ''}")
        for letter in sorted(firsts | lasts)
    )


@cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")")


@cache
def _between(tokens: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))))


def texts_between(rendered: str, controls: ControlTokens) -> list[str]:
    """Return the texts between the control tokens of what a template gave, without marks; there is one text more."""
    pieces = _between(controls.tokens).split(rendered)
    return [piece.replace(MARK, "").replace(MARK_IN_JSON, "") for piece in pieces]
