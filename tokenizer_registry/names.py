"""Model names as people have them, resolved to models of the catalogue; nothing is guessed by likeness."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

from tokenizer_registry.errors import BadAlias, UnknownModel
from tokenizer_registry.resolution import NameTerms, Resolution, ResolutionStep

if TYPE_CHECKING:
    from tokenizer_registry.name_rewriting import NameRewriting

__all__ = ["NameResolver", "NameTerms", "Resolution", "ResolutionStep"]

# No published name is longer; the longest are ARNs and names of fine-tuned models.
MAX_NAME_CHARACTERS: Final = 256
MAX_PATH_PARTS: Final = 9
MAX_CACHED_NAMES: Final = 1024


class NameResolver:
    """Resolves names to models: the models' own names, `operator_aliases`, published aliases, then fixed rewrites.

    Where `models` is a mapping to `Model`, an author's prefix has to agree with the author of the model. Safe to use
    from many threads. Raise BadAlias for an alias that is a model's own name or does not lead to a model.
    """

    def __init__(self, models: Collection[str], operator_aliases: Mapping[str, str] | None = None) -> None:
        self._models = models
        self._operator_aliases: dict[str, Resolution] = {}
        self._cache: dict[str, Resolution | None] = {}
        aliases = operator_aliases or {}
        self._operator_aliases = {alias: self._alias(alias, name, aliases) for alias, name in aliases.items()}

    def resolve(self, name: str) -> Resolution:
        """Return the model of a name. Raise UnknownModel."""
        found = self.find(name)
        if found is None:
            raise UnknownModel(name, self.suggest(name))
        return found

    def find(self, name: str) -> Resolution | None:
        """Return the model of a name, None if it stands for none."""
        if name in self._models:
            return Resolution(name, name)
        if alias := self._operator_aliases.get(name):
            return alias
        if not _is_plausible(name):
            return None
        if name in self._cache:
            return self._cache[name]
        found = self._rewriting.find(name)
        if len(self._cache) >= MAX_CACHED_NAMES:
            self._cache = {}
        self._cache[name] = found
        return found

    def suggest(self, name: str) -> str | None:
        """Return the known name that was most likely meant: of the same generation, size and price family, or None."""
        return self._rewriting.suggest(name) if _is_plausible(name) else None

    @cached_property
    def _rewriting(self) -> "NameRewriting":
        # Imported at the first name that is not a model's own: the start of a process has no time for it.
        from tokenizer_registry.name_data import shipped_name_data
        from tokenizer_registry.name_rewriting import NameRewriting

        return NameRewriting(self._models, shipped_name_data())

    def _alias(self, alias: str, name: str, aliases: Mapping[str, str]) -> Resolution:
        """Return what an operator's alias stands for. Raise BadAlias."""
        if alias in self._models:
            raise BadAlias(alias, "it is the name of a model; choose another name")
        if name in aliases:
            raise BadAlias(alias, f"{name!r} is an alias itself; give the name that it stands for")
        found = self.find(name)
        if found is None:
            raise BadAlias(alias, f"there is no model {name!r}")
        step = ResolutionStep("operator alias", name, "an alias of the operator")
        return found._replace(name=alias, steps=(step, *found.steps))


def _is_plausible(name: str) -> bool:
    """Return whether somebody may have published a name: it bounds the work and the memory that a name takes."""
    if len(name) > MAX_NAME_CHARACTERS or name.count("/") >= MAX_PATH_PARTS:
        return False
    return name.isascii() and name.isprintable()
