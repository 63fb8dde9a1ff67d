"""The operator's own names of models: a TOML file of `"house-large" = "gpt-4o"`, checked as a whole."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenizer_registry.names import MAX_NAME_CHARACTERS, NameResolver


class BadAliasesFile(Exception):
    """A file of aliases that cannot be used; `faults` has one sentence for each fault."""

    def __init__(self, path: Path, faults: tuple[str, ...]) -> None:
        self.path = path
        self.faults = faults
        lines = "\n".join(f"  {fault}" for fault in faults)
        super().__init__(f"{path} of WEIGHBRIDGE_ALIASES has {len(faults)} fault(s):\n{lines}")


def read_aliases(path: Path, models: Collection[str]) -> dict[str, str]:
    """Return the aliases of a file with the names that they stand for. Raise BadAliasesFile with every fault.

    An alias stands for any name of a model except another alias. It may not hide a model of the catalogue: that name
    would stand for one model here and for another one everywhere else.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadAliasesFile(path, (f"it cannot be read: {fault.strerror}; correct the path",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadAliasesFile(path, (f"it is not TOML: {fault}; write lines such as {EXAMPLE}",)) from None
    if faults := tuple(_faults(raw, models)):
        raise BadAliasesFile(path, faults)
    return raw


EXAMPLE = '"house-large" = "gpt-4o"'


def _faults(raw: Mapping[str, Any], models: Collection[str]) -> Iterator[str]:
    names = NameResolver(models)
    for alias, name in raw.items():
        if fault := _fault(alias, name, raw, models, names):
            yield f"{alias!r}: {fault}"


def _fault(
    alias: str, name: object, raw: Mapping[str, Any], models: Collection[str], names: NameResolver
) -> str | None:
    if not isinstance(name, str):
        return f"its value must be the name of a model in quotes; write lines such as {EXAMPLE}"
    if not 0 < len(alias) <= MAX_NAME_CHARACTERS:
        return f"an alias has 1 to {MAX_NAME_CHARACTERS} characters, not {len(alias)}; shorten it"
    if alias in models:
        return "it is the name of a model of the catalogue, which an alias cannot hide; choose another name"
    if name in raw:
        return f"{name!r} is an alias itself; give the name that it stands for"
    if names.find(name) is None:
        near = names.suggest(name) if len(name) <= MAX_NAME_CHARACTERS else None
        return f"there is no model {name[:80]!r}; " + (f"did you mean {near}?" if near else "name one that is known")
    return None
