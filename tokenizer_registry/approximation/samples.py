"""Texts of many kinds, written for this project, on which estimates are measured: one file a text."""

from pathlib import Path
from typing import NamedTuple


class SampleText(NamedTuple):
    """One text; `kind` is its folder: english, latin, code, …"""

    kind: str
    name: str
    text: str


def samples() -> tuple[SampleText, ...]:
    """All texts, in order of kind, then name."""
    folder = Path(__file__).parent / "corpus"
    return tuple(
        SampleText(path.parent.name, path.stem, path.read_bytes().decode("utf-8"))
        for path in sorted(folder.glob("*/*.txt"))
    )
