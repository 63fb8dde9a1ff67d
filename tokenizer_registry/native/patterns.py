"""Split patterns, read into alternatives of parts as the C library matches them.

It reads what the patterns of vocabularies are made of, and no more: sets of characters with `?`, `*`, `+` and `{m,n}`,
greedy or possessive; groups of alternatives, with `(?i:...)`; `(?!set)` and `$`. What a set holds is not its business:
a set is named by its own text, and characters.json says which characters are in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

MANY: Final = 2**32 - 1


class PartKind(IntEnum):
    """What a part matches; the numbers are the C library's."""

    RUN = 0
    NOT_AHEAD = 1
    AT_END = 2
    GUARDED_RUN = 3
    MAYBE = 4


@dataclass(frozen=True, slots=True)
class PatternPart:
    """A part of an alternative. `characters` and `other` are sets, `options` what a MAYBE chooses from."""

    kind: PartKind
    characters: str = ""
    other: str = ""
    keeps: bool = False
    least: int = 1
    most: int = 1
    options: tuple["Alternative", ...] = ()


Alternative = tuple[PatternPart, ...]

_SET: Final = re.compile(r"\\[pP]\{[^}]*\}|\\x\{[0-9A-Fa-f]+\}|\\.|[^\\()\[\]{}?*+|$]", re.DOTALL)
_QUANTIFIER: Final = re.compile(r"([?*+]|\{\d+(?:,\d*)?\})(\+?)")


def read_pattern(pattern: str) -> tuple[Alternative, ...]:
    """The alternatives of a pattern, in their order. Raises ValueError for what is not read here."""
    reader = _PatternReader(pattern)
    found = tuple(reader.alternatives())
    if reader.place != len(pattern):
        raise ValueError(f"not understood from character {reader.place}: {pattern[reader.place :]!r}")
    return found


class _PatternReader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.folds = False

    def alternatives(self) -> Iterator[Alternative]:
        """Up to the end of the pattern or of the group that is being read."""
        while True:
            yield from self._alternative()
            if not self._takes("|"):
                return

    def _alternative(self) -> list[Alternative]:
        """Usually one; several where a group in it has several."""
        found: list[Alternative] = [()]
        while self.place < len(self.pattern) and self.pattern[self.place] not in "|)":
            options = self._next()
            found = [(*before, *option) for before in found for option in options]
        return found

    def _next(self) -> tuple[Alternative, ...]:
        if self._takes("$"):
            return ((PatternPart(PartKind.AT_END),),)
        if self._takes("(?!"):
            part = PatternPart(PartKind.NOT_AHEAD, self._set())
            self._expect(")")
            return ((part,),)
        for opening, folds in (("(?i:", True), ("(?:", False)):
            if self._takes(opening):
                return self._group(folds)
        return ((self._quantified(PatternPart(PartKind.RUN, self._set())),),)

    def _group(self, folds: bool) -> tuple[Alternative, ...]:
        outer, self.folds = self.folds, folds or self.folds
        options = tuple(self.alternatives())
        self.folds = outer
        self._expect(")")
        if self._takes("?"):
            return ((PatternPart(PartKind.MAYBE, options=options),),)
        if self._takes("+"):
            return ((_guarded(options),),)
        return options

    def _set(self) -> str:
        text = self._bracket() if self.pattern.startswith("[", self.place) else self._single()
        return f"(?i:{text})" if self.folds else text

    def _single(self) -> str:
        found = _SET.match(self.pattern, self.place)
        if found is None:
            raise ValueError(f"no set of characters at {self.place}: {self.pattern[self.place :]!r}")
        self.place = found.end()
        return found[0]

    def _bracket(self) -> str:
        start, depth = self.place, 0
        while True:
            step = self.pattern[self.place]
            depth += (step == "[") - (step == "]")
            self.place += 2 if step == "\\" else 1
            if depth == 0:
                return self.pattern[start : self.place]

    def _quantified(self, part: PatternPart) -> PatternPart:
        found = _QUANTIFIER.match(self.pattern, self.place)
        if found is None:
            return part
        self.place = found.end()
        least, most = _bounds(found[1])
        return replace(part, least=least, most=most, keeps=bool(found[2]))

    def _takes(self, text: str) -> bool:
        if self.pattern.startswith(text, self.place):
            self.place += len(text)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._takes(text):
            raise ValueError(f"{text!r} expected at character {self.place} of {self.pattern!r}")


def _bounds(quantifier: str) -> tuple[int, int]:
    simple = {"?": (0, 1), "*": (0, MANY), "+": (1, MANY)}
    if quantifier in simple:
        return simple[quantifier]
    least, comma, most = quantifier[1:-1].partition(",")
    return int(least), int(most or MANY) if comma else int(least)


def _guarded(options: tuple[Alternative, ...]) -> PatternPart:
    """`(?:set(?!other))+`, the one group that patterns repeat."""
    match options:
        case ((PatternPart(kind=PartKind.RUN, least=1, most=1) as one, PatternPart(kind=PartKind.NOT_AHEAD) as guard),):
            return PatternPart(PartKind.GUARDED_RUN, one.characters, guard.characters)
    raise ValueError(f"only a set with what must not follow it may be repeated, not {options!r}")


def sets_of(alternatives: tuple[Alternative, ...]) -> Iterator[str]:
    """The sets of characters that a pattern asks for."""
    for part in (part for alternative in alternatives for part in alternative):
        yield from filter(None, (part.characters, part.other))
        yield from sets_of(part.options)
