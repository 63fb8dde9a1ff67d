"""Drafts the display name of a model from its name; a curated name takes precedence."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from pricing_data.data import DATA

NAMES = DATA / "names.toml"
SIZE = re.compile(r"a?\d+(\.\d+)?(x\d+(\.\d+)?)?[bkmte]", re.ASCII)
KEPT = re.compile(r"o?\d.*", re.ASCII)
DATE = re.compile(r"-(20\d\d)-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])$", re.ASCII)
MONTH = re.compile(r"-(0[1-9]|1[0-2])-(20\d\d|[0-3]\d)$", re.ASCII)
VERSION = re.compile(r"\b([1-9]\d?) (\d)(?= |$)", re.ASCII)


@dataclass(frozen=True)
class NameSpelling:
    """The curated spelling rules of `names.toml`."""

    words: Mapping[str, str]
    hyphen_after: tuple[str, ...]
    display_names: Mapping[str, str]

    def display_name(self, name: str) -> str:
        """ "gpt-4o-2024-08-06" is "GPT-4o (2024-08-06)"."""
        if name in self.display_names:
            return self.display_names[name]
        ending = ""
        if dated := DATE.search(name):
            name, ending = name[: dated.start()], f" ({dated[1]}-{dated[2]}-{dated[3]})"
        elif month := MONTH.search(name):
            name, ending = name[: month.start()], f" {month[1]}-{month[2]}"
        spelt = VERSION.sub(r"\1.\2", " ".join(self._word(word) for word in re.split("[-_]", name)))
        for word in self.hyphen_after:
            if spelt.startswith(f"{word} "):
                spelt = spelt.replace(" ", "-", 1)
        return spelt + ending

    def _word(self, word: str) -> str:
        if word in self.words:
            return self.words[word]
        if SIZE.fullmatch(word):
            return word.upper().replace("X", "x")
        return word if KEPT.fullmatch(word) else word[:1].upper() + word[1:]


def read_spelling() -> NameSpelling:
    """Return the spelling rules of `names.toml`."""
    raw = tomllib.loads(NAMES.read_text(encoding="utf-8"))
    return NameSpelling(
        words=raw["words"],
        hyphen_after=tuple(raw["hyphen_after"]["words"]),
        display_names=raw["display_names"],
    )
