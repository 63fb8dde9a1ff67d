"""What the corpus is put together from: material.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Script:
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
    scripts: tuple[Script, ...]


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
        scripts=tuple(Script(**script) for script in document["scripts"]),
    )
