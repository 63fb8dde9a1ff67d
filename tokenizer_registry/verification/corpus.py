"""A megabyte of mixed text, the same on every machine and every Python.

The text is drawn with a generator of our own, because Python's `random` may change its choices from one
version to the next. Only characters that have long been in Unicode are drawn, so that libraries with older
and newer tables split them alike.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar


@dataclass(frozen=True, slots=True)
class LetterRange:
    """Code points of letters, first to last, and what stands between words."""

    first: int
    last: int
    between: str


@dataclass(frozen=True, slots=True)
class Material:
    """Words, lines of code with places for names, and the rest."""

    words: tuple[str, ...]
    code: tuple[str, ...]
    white_space: tuple[str, ...]
    emoji: tuple[str, ...]
    markup: tuple[str, ...]
    punctuation: str
    scripts: tuple[LetterRange, ...]


def read_material() -> Material:
    """From the file beside this one."""
    document = tomllib.loads((Path(__file__).parent / "material.toml").read_bytes().decode("utf-8"))
    return Material(
        words=tuple(document["words"].split()),
        code=tuple(document["code"]),
        white_space=tuple(document["white_space"]),
        emoji=tuple(document["emoji"]),
        markup=tuple(document["markup"]),
        punctuation=document["punctuation"],
        scripts=tuple(LetterRange(**script) for script in document["scripts"]),
    )


Item = TypeVar("Item")

CORPUS_BYTES: Final = 1_000_000
PIECE_BYTES: Final = 4_000


class Dice:
    """A linear congruential generator of 64 bits (Knuth's MMIX constants)."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % limit

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, each equally likely."""
        return items[self.below(len(items))]

    def between(self, least: int, most: int) -> int:
        """A whole number from least to most, both included."""
        return least + self.below(most - least + 1)


def corpus(seed: int = 1, size_bytes: int = CORPUS_BYTES) -> Iterator[str]:
    """Pieces of PIECE_BYTES or a little more in UTF-8, in all at least `size_bytes`."""
    dice, material = Dice(seed), read_material()
    done = 0
    while done < size_bytes:
        piece, piece_bytes = [], 0
        while piece_bytes < PIECE_BYTES:
            passage = dice.pick(_KINDS)(dice, material)
            piece.append(passage)
            piece_bytes += len(passage.encode("utf-8"))
        done += piece_bytes
        yield "".join(piece)


def _prose(dice: Dice, material: Material) -> str:
    sentences = []
    for _ in range(dice.between(1, 4)):
        words = [dice.pick(material.words) for _ in range(dice.between(4, 18))]
        words[0] = words[0].capitalize()
        if dice.below(3) == 0:
            words[dice.below(len(words))] += dice.pick((",", ";", ":", " —", "'s", "'LL"))
        sentences.append(" ".join(words) + dice.pick((". ", "? ", "! ", ".\n", "… ")))
    return "".join(sentences)


def _code(dice: Dice, material: Material) -> str:
    lines = []
    for _ in range(dice.between(2, 6)):
        indent = dice.pick(("", "    ", "        ", "\t", "\t\t", "  "))
        line = dice.pick(material.code).format(a=_name(dice, material), b=_name(dice, material), n=dice.below(100_000))
        lines.append(indent + line)
    return "\n".join(lines) + dice.pick(("\n", "\n\n", "\r\n"))


def _name(dice: Dice, material: Material) -> str:
    first, second = dice.pick(material.words), dice.pick(material.words)
    return dice.pick((first, f"{first}_{second}", first + second.capitalize(), first.upper(), f"_{first}2"))


def _script(dice: Dice, material: Material) -> str:
    script = dice.pick(material.scripts)
    words = (
        "".join(chr(dice.between(script.first, script.last)) for _ in range(dice.between(1, 9)))
        for _ in range(dice.between(3, 20))
    )
    return script.between.join(words) + dice.pick(("\n", " ", "。", ". ", ""))


def _white_space(dice: Dice, material: Material) -> str:
    return "".join(
        dice.pick(material.white_space) * dice.between(1, 12) + dice.pick(("", "", "x", "7", "。", "the"))
        for _ in range(dice.between(2, 10))
    )


def _digits(dice: Dice, _material: Material) -> str:
    numbers = []
    for _ in range(dice.between(2, 10)):
        zero = ord(dice.pick("00000٠०０"))
        digits = "".join(chr(zero + dice.below(10)) for _ in range(dice.between(1, 14)))
        numbers.append(digits + dice.pick((" ", ",", ".", "-", ":", "/", "%", "e+5 ", "²", "½", "Ⅷ", "")))
    return "".join(numbers)


def _emoji(dice: Dice, material: Material) -> str:
    return "".join(
        dice.pick(material.emoji) * dice.between(1, 3) + dice.pick(("", " ")) for _ in range(dice.between(2, 9))
    )


def _marks(dice: Dice, _material: Material) -> str:
    return "".join(
        dice.pick("aeiouAEIOUnszy") + "".join(chr(dice.between(0x300, 0x34E)) for _ in range(dice.below(4)))
        for _ in range(dice.between(5, 30))
    )


def _markup(dice: Dice, material: Material) -> str:
    return "".join(dice.pick(material.markup) + dice.pick((" ", "", "\n")) for _ in range(dice.between(2, 8)))


def _symbols(dice: Dice, material: Material) -> str:
    return "".join(dice.pick(material.punctuation) * dice.pick((1, 1, 1, 2, 3, 8)) for _ in range(dice.between(5, 40)))


def _run(dice: Dice, _material: Material) -> str:
    return dice.pick("aA0 \n.-=_é中ー😀ﷺ\u0301\x00") * dice.between(10, 120)


_KINDS: Final[tuple[Callable[[Dice, Material], str], ...]] = (
    _prose,
    _prose,
    _code,
    _code,
    _script,
    _script,
    _white_space,
    _digits,
    _emoji,
    _marks,
    _markup,
    _symbols,
    _run,
)
