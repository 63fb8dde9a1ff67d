"""Texts cut into runs of characters of one class: words, digits, punctuation, white space and the rest.

Which character is of which class is a table, `data/characters.toml`, so that counts do not depend on the
Unicode version of the Python that they are made with.
"""

import re
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from tokenizer_registry.catalogue import read_catalogue


class RunClass(IntEnum):
    """The class of a run, in the order of the pattern's groups."""

    WORD = 1
    SPACE = 2
    PUNCTUATION = 3
    DIGITS = 4
    # Combining marks with no letter before them.
    MARKS = 5
    # Symbols, numbers and characters that stand for themselves, such as ideographs.
    SYMBOLS = 6
    NUMBERS = 7
    CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Classes:
    """The table, compiled. Classes are written like the inside of a regular expression's brackets."""

    runs: re.Pattern[str]
    letter: re.Pattern[str]
    word_start: re.Pattern[str]
    bordered_letter: re.Pattern[str]
    selector: re.Pattern[str]
    uniform_number: re.Pattern[str]


def read_classes(path: Path) -> Classes:
    """Raises BadCatalogue where a class is missing."""
    row = read_catalogue(path)
    letter, mark, space = row.text("letter"), row.text("mark"), row.text("space")
    digit, punctuation, symbol = row.text("digit"), row.text("punctuation"), row.text("symbol")
    decimal, number, selector = row.text("decimal"), row.text("number"), row.text("selector")
    bordered = row.text("bordered_letter")
    row.finish()
    listed = letter + mark + space + digit + punctuation + symbol + decimal + number
    groups = (
        f"[{letter}][{letter}{mark}]*",
        f"[{space}]+",
        f"[{punctuation}]+",
        f"[{digit}]+",
        f"[{mark}]+",
        f"[{symbol}][{symbol}{selector}]*",
        f"[{decimal}{number}][{decimal}{number}{selector}]*",
        f"[^{listed}]+",
    )
    return Classes(
        runs=re.compile("|".join(f"({group})" for group in groups)),
        letter=re.compile(f"[{letter}]"),
        word_start=re.compile(f"[{letter}{mark}]"),
        bordered_letter=re.compile(f"[{bordered}]"),
        selector=re.compile(f"[{selector}]"),
        uniform_number=re.compile(f"[{decimal}]+|[{number}]+"),
    )
