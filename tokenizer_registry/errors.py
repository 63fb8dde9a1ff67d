"""What can go wrong in the registry.

RegistryError
├── BadCatalogue(path, where, fault)
├── UnknownModel(name, suggestion)
├── BadAlias(alias, fault)
├── UnknownVocabulary(name)
├── DamagedVocabulary(name, path, expected, found)
├── UncountableText(reason)
├── UnknownToken(place, token)
├── UndecodableVocabulary(name)
└── TooFewTokens(max_tokens, needed, place)
"""

from pathlib import Path
from typing import Final

# Longer than any published name.
MAX_SHOWN_CHARACTERS: Final = 256


class RegistryError(Exception):
    """Root of everything that this package raises on purpose."""


class BadCatalogue(RegistryError):
    """models.toml or vocabularies.toml does not say what it should."""

    def __init__(self, path: Path, where: str, fault: str) -> None:
        super().__init__(path, where, fault)
        self.path = path
        self.where = where
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.path}: {self.where}: {self.fault}"


class UnknownModel(RegistryError):
    """The name stands for no model of the registry. `suggestion` is the name that was most likely meant."""

    def __init__(self, name: str, suggestion: str | None = None) -> None:
        super().__init__(name, suggestion)
        self.name = name
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f"did you mean {self.suggestion!r}?" if self.suggestion else "the known ones are in Registry.models"
        return f"unknown model {_shown(self.name)}; {hint}"


class BadAlias(RegistryError):
    """An operator's alias cannot be used."""

    def __init__(self, alias: str, fault: str) -> None:
        super().__init__(alias, fault)
        self.alias = alias
        self.fault = fault

    def __str__(self) -> str:
        return f"alias {self.alias!r}: {self.fault}"


class UnknownVocabulary(RegistryError):
    """No vocabulary of that name is in the registry."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"unknown vocabulary {self.name!r}; the known ones are in Registry.vocabularies"


class DamagedVocabulary(RegistryError):
    """A vocabulary file is missing or is not the one that was shipped. Digests are sha256 in hex."""

    def __init__(self, name: str, path: Path, expected: str, found: str) -> None:
        super().__init__(name, path, expected, found)
        self.name = name
        self.path = path
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return (
            f"vocabulary {self.name!r} is damaged: {self.path} should have sha256 {self.expected}, "
            f"found {self.found}; install the package again (in a checkout: `make vocabularies`), "
            "or if it is in the data folder, remove it there and add or fetch it again"
        )


class UncountableText(RegistryError):
    """The text cannot be cut into tokens."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"this text cannot be counted: {self.reason}"


class UnknownToken(RegistryError):
    """A vocabulary has no token with the id that is at `place` of a list."""

    def __init__(self, place: int, token: int) -> None:
        super().__init__(place, token)
        self.place = place
        self.token = token

    def __str__(self) -> str:
        return f"item {self.place} is {self.token}, which is no token of the vocabulary"


class UndecodableVocabulary(RegistryError):
    """The text of this vocabulary's tokens is not known: it drops or rewrites what stands between words."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"vocabulary {self.name!r} counts and encodes, but its tokens cannot be turned back into a text"


class TooFewTokens(RegistryError):
    """A piece of at most `max_tokens` cannot hold the character at `place`, which alone has `needed` tokens."""

    def __init__(self, max_tokens: int, needed: int, place: int) -> None:
        super().__init__(max_tokens, needed, place)
        self.max_tokens = max_tokens
        self.needed = needed
        self.place = place

    def __str__(self) -> str:
        return f"{self.max_tokens} tokens are too few: the character at {self.place} alone has {self.needed}"


def _shown(name: str) -> str:
    """Return a name quoted, with its length in place of the end of a very long one."""
    if len(name) <= MAX_SHOWN_CHARACTERS:
        return repr(name)
    return f"{name[:MAX_SHOWN_CHARACTERS]!r}… ({len(name)} characters)"
