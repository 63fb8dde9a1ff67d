"""How a vocabulary's text is cut before its tokens are merged: the split patterns of its file, in their order."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, Final, NamedTuple

from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.native.characters import MAX_CLASSES, Characters
from tokenizer_registry.native.patterns import MANY, Alternative, PartKind, PatternPart, read_pattern, sets_of
from tokenizer_registry.native.tables import numbers

# What `ByteLevel` of tokenizers cuts with: GPT-2's pattern.
BYTE_LEVEL: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
MAX_SETS: Final = 32


class PatternDialect(StrEnum):
    """Whose idea of a set of characters holds: they were made for different versions of Unicode."""

    TIKTOKEN = "tiktoken"
    TOKENIZERS = "tokenizers"
    # Not sets in a pattern's words, but steps of tokenizers that are named for what they cut at.
    STEPS = "steps"


class Split(NamedTuple):
    """One pattern. `drops_gaps`: what it does not match is left out, not a piece of its own.

    `is_of_bytes`: it comes behind the step that puts a letter for each byte, and sees these letters: a ½ ends in one
    that is a digit.
    """

    dialect: PatternDialect
    alternatives: tuple[Alternative, ...]
    drops_gaps: bool = False
    is_of_bytes: bool = False

    def sets(self) -> Iterator[str]:
        """The names of the sets that the pattern asks for, as characters.json has them."""
        yield from (set_name(self.dialect, characters) for characters in sets_of(self.alternatives))


def set_name(dialect: PatternDialect, characters: str) -> str:
    """The name of a set in characters.json."""
    return f"{dialect}: {characters}"


def rank_splits(pattern: str) -> tuple[Split, ...]:
    """The split of a rank file. Raises ValueError for a pattern that the C library does not know."""
    return (Split(PatternDialect.TIKTOKEN, read_pattern(pattern), drops_gaps=True),)


def document_splits(step: Mapping[str, Any] | None) -> tuple[Split, ...]:
    """The splits of a tokenizer.json. Raises ValueError for a step that the C library does not know."""
    match step:
        case None:
            return ()
        case {"type": "Sequence", "pretokenizers": steps}:
            return tuple(_in_sequence(steps))
        case {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}:
            return (Split(PatternDialect.TOKENIZERS, read_pattern(_escaped(pattern))),)
        case {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed", "invert": True}:
            return (Split(PatternDialect.TOKENIZERS, read_pattern(_escaped(pattern)), drops_gaps=True),)
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": use_regex}:
            return (Split(PatternDialect.TOKENIZERS, read_pattern(BYTE_LEVEL)),) if use_regex else ()
        case {"type": "Digits", "individual_digits": alone}:
            return (_step("digits", 1 if alone else MANY),)
        case {"type": "Punctuation", "behavior": "Contiguous"}:
            return (_step("punctuation", MANY),)
    raise ValueError(f"a way of cutting that is not known here: {step}")


def _in_sequence(steps: Sequence[Mapping[str, Any]]) -> Iterator[Split]:
    is_of_bytes = False
    for step in steps:
        yield from (split._replace(is_of_bytes=is_of_bytes) for split in document_splits(step))
        is_of_bytes = is_of_bytes or step["type"] == "ByteLevel"


def _step(name: str, most: int) -> Split:
    return Split(PatternDialect.STEPS, ((PatternPart(PartKind.RUN, name, most=most),),))


def _escaped(pattern: str) -> str:
    """Line ends that stand in the pattern as themselves, in words, so that sets have readable names."""
    return pattern.replace("\r", r"\r").replace("\n", r"\n")


def split_program(split: Split, characters: Characters) -> bytes:
    """A split pattern as a program. Raises KeyError for a set of characters that is not in the table."""
    names = list(dict.fromkeys(split.sets()))
    if len(names) > MAX_SETS:
        raise ValueError(f"{len(names)} sets of characters in one pattern; a program has room for {MAX_SETS}")
    writer = _ProgramWriter({name: 1 << bit for bit, name in enumerate(names)}, split)
    masks = characters.masks(names)
    first = [writer.first_of(alternative) for alternative in split.alternatives]
    may_begin = [
        sum(1 << number for number, mask in enumerate(first) if mask & masks[one]) for one in range(MAX_CLASSES)
    ]
    writer.write(split.alternatives)
    head = (len(writer.spans), len(split.alternatives), int(split.drops_gaps), int(split.is_of_bytes))
    letters = [characters.class_of(ord(letter)) for _, letter in sorted(byte_alphabet().items())]
    ascii_masks = [masks[characters.class_of(point)] for point in range(128)]
    return numbers([*head, *masks, *may_begin, *letters, *ascii_masks, *chain(*writer.spans, *writer.parts)])


class _ProgramWriter:
    """Numbers alternatives and parts; those of a MAYBE come behind the pattern's own."""

    def __init__(self, bits: dict[str, int], split: Split) -> None:
        self.bits = bits
        self.split = split
        self.spans: list[tuple[int, int]] = []
        self.parts: list[Sequence[int]] = []

    def write(self, alternatives: Sequence[Alternative]) -> tuple[int, int]:
        """The numbers of the first of the alternatives, and of the one behind the last."""
        begin = len(self.spans)
        self.spans += [(0, 0)] * len(alternatives)
        for number, alternative in enumerate(alternatives, begin):
            self.spans[number] = (len(self.parts), len(alternative))
            self.parts += [()] * len(alternative)
            for place, part in enumerate(alternative, self.spans[number][0]):
                self.parts[place] = self._words(part)
        return begin, begin + len(alternatives)

    def first_of(self, alternative: Alternative) -> int:
        """The sets of which a character must be one for the alternative to match with something there."""
        found = 0
        for part in alternative:
            if part.kind in (PartKind.RUN, PartKind.GUARDED_RUN):
                found |= self._bit(part.characters)
                if part.least:
                    break
        return found

    def _words(self, part: PatternPart) -> Sequence[int]:
        least, most = self.write(part.options) if part.kind is PartKind.MAYBE else (part.least, part.most)
        return part.kind, self._bit(part.characters), self._bit(part.other), int(part.keeps), least, most

    def _bit(self, characters: str) -> int:
        return self.bits[set_name(self.split.dialect, characters)] if characters else 0
