"""How a vocabulary's text is cut before its tokens are merged: the split patterns of its file, in their order."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tokenizer_registry.native.patterns import MANY, Alternative, Kind, Part, read_pattern, sets_of

# What `ByteLevel` of tokenizers cuts with: GPT-2's pattern.
BYTE_LEVEL: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


class Dialect(StrEnum):
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

    dialect: Dialect
    alternatives: tuple[Alternative, ...]
    drops_gaps: bool = False
    is_of_bytes: bool = False

    def sets(self) -> Iterator[str]:
        """The names of the sets that the pattern asks for, as characters.json has them."""
        yield from (set_name(self.dialect, characters) for characters in sets_of(self.alternatives))


def set_name(dialect: Dialect, characters: str) -> str:
    """The name of a set in characters.json."""
    return f"{dialect}: {characters}"


def rank_splits(pattern: str) -> tuple[Split, ...]:
    """The split of a rank file. Raises ValueError for a pattern that the C library does not know."""
    return (Split(Dialect.TIKTOKEN, read_pattern(pattern), drops_gaps=True),)


def document_splits(step: Mapping[str, Any] | None) -> tuple[Split, ...]:
    """The splits of a tokenizer.json. Raises ValueError for a step that the C library does not know."""
    match step:
        case None:
            return ()
        case {"type": "Sequence", "pretokenizers": steps}:
            return tuple(_in_sequence(steps))
        case {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}:
            return (Split(Dialect.TOKENIZERS, read_pattern(_escaped(pattern))),)
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": use_regex}:
            return (Split(Dialect.TOKENIZERS, read_pattern(BYTE_LEVEL)),) if use_regex else ()
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
    return Split(Dialect.STEPS, ((Part(Kind.RUN, name, most=most),),))


def _escaped(pattern: str) -> str:
    """Line ends that stand in the pattern as themselves, in words, so that sets have readable names."""
    return pattern.replace("\r", r"\r").replace("\n", r"\n")
