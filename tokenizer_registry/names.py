"""Model names as people have them, resolved to models of the catalogue; nothing is guessed by likeness."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from tokenizer_registry.errors import BadAlias, UnknownModel
from tokenizer_registry.name_data import NameData, shipped_name_data
from tokenizer_registry.name_forms import NameForm, ResolutionStep, forms
from tokenizer_registry.name_index import NameIndex, NameMatch
from tokenizer_registry.name_suggestions import NameSuggestions

# No published name is longer; the longest are ARNs and names of fine-tuned models.
MAX_NAME_CHARACTERS: Final = 256
MAX_CACHED_NAMES: Final = 4096


class NameTerms(NamedTuple):
    """What a name says about its price besides the model.

    `host` sells the model (`bedrock`, `azure`, `openrouter`), None where its author does. `region` and `service` are as
    in the terms of a call; a mark that prices do not know (`online`, `fp8`) is a `service` too.
    """

    host: str | None = None
    region: str | None = None
    service: str | None = None
    is_fine_tuned: bool = False
    is_free: bool = False


class Resolution(NamedTuple):
    """The model that a name stands for. Without `steps` the name is the model's own."""

    name: str
    model: str
    steps: tuple[ResolutionStep, ...] = ()
    terms: NameTerms = NameTerms()


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
        if name not in self._cache:
            if len(self._cache) >= MAX_CACHED_NAMES:
                self._cache.clear()
            self._cache[name] = self._rewritten(name)
        return self._cache[name]

    def suggest(self, name: str) -> str | None:
        """Return the known name that was most likely meant: of the same generation, size and price family, or None."""
        if not _is_plausible(name):
            return None
        tried = list(forms(name, self._data))
        if "/" in tried[-1].name:
            # A part of the path is not known, so that it says nothing.
            tail = name.rpartition("/")[2]
            if found := self.find(tail):
                return found.model
            tried = list(forms(tail, self._data))
        open_forms = [form for form in tried if not form.is_closed and not form.only_for]
        suggested = (self._suggestions.nearest(form.name, form.author) for form in open_forms)
        return next((model for model in suggested if model is not None), None)

    @cached_property
    def _data(self) -> NameData:
        return shipped_name_data()

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex(self._models, self._data)

    @cached_property
    def _suggestions(self) -> NameSuggestions:
        index = self._index
        return NameSuggestions((name, model, index.author_of(model)) for name, model in index.names())

    def _rewritten(self, name: str) -> Resolution | None:
        for form in forms(name, self._data):
            match = self._index.find(form.name, form.author, form.host, form.is_closed)
            if match is not None and (not form.only_for or self._index.author_of(match.model) in form.only_for):
                return self._resolution(name, form, match)
        return None

    def _resolution(self, name: str, form: NameForm, match: NameMatch) -> Resolution:
        steps = form.steps
        if match.rule:
            steps = (*steps, ResolutionStep(match.rule, match.model, match.evidence))
        author = self._index.author_of(match.model)
        host, owner = (form.host, form.owner) if form.host else (match.host, None)
        terms = NameTerms(
            host=None if owner is not None and owner == author else host,
            region=form.region,
            service=None if author in form.same_price_for else form.service,
            is_fine_tuned=form.is_fine_tuned,
            is_free=form.is_free,
        )
        return Resolution(name, match.model, steps, terms)

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
    return len(name) <= MAX_NAME_CHARACTERS and name.isascii() and name.isprintable()
