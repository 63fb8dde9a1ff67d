"""Which characters are in the sets that patterns ask for: characters.json, as the owners' libraries have them."""

import json
import struct
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).parent / "characters.json"
BLOCK: Final = 128
POINTS: Final = 0x110000
MAX_CLASSES: Final = 256
# The last one is none.
MAX_PAIRS: Final = 4096
NO_CHARACTER: Final = 0xFFFFFFFF
IS_MARKED: Final = 1 << 31
PLAIN_IN: Final = "plain in "
# The canonical combining class of a mark that NFC and NFKC leave as it is, bit by bit, the lowest first.
CLASS_BITS: Final = tuple(f"bit {bit} of the combining class" for bit in range(8))
# In the order of the bits that the C library knows them by.
FLAGS: Final = (
    "may end a word",
    "may begin a word",
    "white space",
    f"{PLAIN_IN}NFC",
    f"{PLAIN_IN}NFKC",
    f"{PLAIN_IN}nmt_nfkc",
    f"{PLAIN_IN}BERT",
    "joins in nmt_nfkc",
    "a word in BERT",
    "left out in BERT",
    "may end a line",
    f"{PLAIN_IN}BERT cased",
    "a word in BERT cased",
    "left out in BERT cased",
    *CLASS_BITS,
)


class Characters(NamedTuple):
    """The characters in classes: all of a class are in the same sets. `runs`: where which class begins.

    `forms` has, for the normalizers of single vocabularies, what they make of characters that no flag tells of. `pairs`
    are two characters of which NFC or NFKC makes others, without those of Hangul; in `marked_pairs` a mark is second.
    """

    sets: Mapping[str, frozenset[int]]
    runs: Sequence[tuple[int, int]]
    forms: Mapping[str, Mapping[str, str]] = {}
    pairs: Sequence[str] = ()
    marked_pairs: Sequence[str] = ()

    def masks(self, names: Sequence[str]) -> list[int]:
        """For each class, a number whose bits tell which of these sets it is in. Raises KeyError."""
        members = [self.sets[name] for name in names]
        return [
            sum(1 << bit for bit, classes in enumerate(members) if number in classes) for number in range(MAX_CLASSES)
        ]

    def class_of(self, point: int) -> int:
        """The class of a code point."""
        return self.runs[bisect(self.runs, (point, MAX_CLASSES)) - 1][1]

    def packed(self) -> bytes:
        """The table as the C library maps it."""
        classes = bytearray()
        for (start, number), (end, _) in zip(self.runs, [*self.runs[1:], (POINTS, 0)], strict=True):
            classes += bytes([number]) * (end - start)
        blocks: dict[bytes, int] = {}
        places = [blocks.setdefault(bytes(classes[at : at + BLOCK]), len(blocks)) for at in range(0, POINTS, BLOCK)]
        flags = struct.pack(f"<{MAX_CLASSES}I", *self.masks(FLAGS)) + self._packed_pairs()
        return bytes(classes[:BLOCK]) + struct.pack(f"<{len(places)}H", *places) + flags + b"".join(blocks)

    def _packed_pairs(self) -> bytes:
        """Two numbers for each pair, the second character before the first one, in their order. Raises ValueError."""
        pairs = [(ord(pair[1]), ord(pair[0])) for pair in self.pairs]
        pairs += [(ord(pair[1]), ord(pair[0]) | IS_MARKED) for pair in self.marked_pairs]
        if len(pairs) >= MAX_PAIRS:
            raise ValueError(f"{len(pairs)} pairs; the table has room for fewer than {MAX_PAIRS}")
        pairs = sorted(pairs) + [(NO_CHARACTER, NO_CHARACTER)] * (MAX_PAIRS - len(pairs))
        return struct.pack(f"<{2 * MAX_PAIRS}I", *(point for pair in pairs for point in pair))


@cache
def read_characters() -> Characters:
    """The table that the package ships."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    sets = {name: frozenset(classes) for name, classes in document["sets"].items()}
    return Characters(
        sets, list(_runs(document["runs"])), document["forms"], document["pairs"], document["marked pairs"]
    )


def classified(sets: Mapping[str, frozenset[int]]) -> Characters:
    """The classes of all code points by the sets that they are in. Raises ValueError if there are too many."""
    members: list[int] = [0] * POINTS
    for bit, points in enumerate(sets.values()):
        for point in points:
            members[point] |= 1 << bit
    numbers: dict[int, int] = {}
    classes = [numbers.setdefault(mask, len(numbers)) for mask in members]
    if len(numbers) > MAX_CLASSES:
        raise ValueError(f"{len(numbers)} classes of characters; the table has room for {MAX_CLASSES}")
    runs = [(point, number) for point, number in enumerate(classes) if not point or classes[point - 1] != number]
    named = {
        name: frozenset(number for mask, number in numbers.items() if mask >> bit & 1) for bit, name in enumerate(sets)
    }
    return Characters(named, runs)


def written(characters: Characters) -> str:
    """The file, with a line for each set and each form."""
    sets = ",\n".join(f"  {json.dumps(name)}: {sorted(classes)}" for name, classes in sorted(characters.sets.items()))
    steps, before = [], 0
    for start, number in characters.runs:
        steps += [start - before, number]
        before = start
    lines = [" ".join(map(str, steps[at : at + 24])) for at in range(0, len(steps), 24)]
    rows = ",\n".join(f"  {json.dumps(line)}" for line in lines)
    changes = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps(form, ensure_ascii=False)}" for name, form in characters.forms.items()
    )
    pairs = "".join(
        f'"{name}": {json.dumps(found)}, '
        for name, found in (("pairs", characters.pairs), ("marked pairs", characters.marked_pairs))
    )
    return f'{{"sets": {{\n{sets}\n}}, "forms": {{\n{changes}\n}}, {pairs}"runs": [\n{rows}\n]}}\n'


def _runs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    numbers = [int(word) for line in lines for word in line.split()]
    start = 0
    for step, number in zip(numbers[::2], numbers[1::2], strict=True):
        start += step
        yield start, number
