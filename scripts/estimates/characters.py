"""The package's classes of characters as a table."""

import importlib
import sys
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from types import ModuleType

CLASSES = (
    "letter",
    "mark",
    "space",
    "digit",
    "punctuation",
    "symbol",
    "decimal",
    "number",
    "selector",
    "bordered_letter",
)
HEADER = "# Written by scripts/build_reconstructions.py from the package ctok. Do not edit.\n"


def table_of(archive: Path) -> str:
    """characters.toml. All other characters stand for themselves, beyond U+FFFF without exception."""
    # A wheel is a zip file, and Python imports from those.
    sys.path.insert(0, str(archive))
    try:
        rules = importlib.import_module("ctok.normalize")
    finally:
        sys.path.remove(str(archive))
    listed: dict[str, list[int]] = {name: [] for name in CLASSES}
    for point in (*range(0xD800), *range(0xE000, 0x110000)):
        for name in _classes(chr(point), rules):
            listed[name].append(point)
    if any(point > 0xFFFF for points in listed.values() for point in points):
        raise ValueError("a character beyond U+FFFF has a class")
    return HEADER + "".join(f"{name} = '{_ranges(points)}'\n" for name, points in listed.items())


def _classes(character: str, rules: ModuleType) -> Iterable[str]:
    kind: str = rules.classify(character)
    if kind == rules.WORDY:
        yield "mark" if rules._stray_mark(character) else "letter"
        if rules._hard_eow(character):
            yield "bordered_letter"
    elif kind != rules.HARD:
        yield {rules.SPACE: "space", rules.DIGIT: "digit", rules.PUNCT: "punctuation"}[kind]
    elif rules._is_selector(character):
        yield "selector"
    else:
        within: Callable[[str], str] = rules._hard_kind
        if within(character) == "punct":
            yield "symbol"
        elif within(character) == "number":
            yield "decimal" if unicodedata.category(character) == "Nd" else "number"


def _ranges(points: Iterable[int]) -> str:
    """The inside of a regular expression's brackets."""
    written = []
    for _, group in groupby(enumerate(points), key=lambda pair: pair[1] - pair[0]):
        members = [point for _, point in group]
        first, last = f"\\u{members[0]:04x}", f"\\u{members[-1]:04x}"
        written.append(first if first == last else f"{first}-{last}")
    return "".join(written)
