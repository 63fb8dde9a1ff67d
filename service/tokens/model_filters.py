"""Which models of the catalogue a list has: the filters of `GET /v1/tokens/models` and of `weighbridge models`."""

from collections.abc import Mapping
from typing import NamedTuple

from corpus_cost.model_constraints import INPUT_MODALITIES
from service.http.json import shorten
from service.http.validation import InvalidRequest
from tokenizer_registry import Model
from tokenizer_registry.facts import ModelFacts, value_of

MAX_CONTEXT_DIGITS = 12
FLAGS = {"true": True, "false": False}


class CatalogueFilter(NamedTuple):
    """Demands on the models of a list; None demands nothing. A fact that is not known does not meet a demand.

    `modality` is one that the model takes as input. Each of `words`, in lower case, occurs in the name, the display
    name or the author.
    """

    author: str | None = None
    name: str | None = None
    open_weights: bool | None = None
    min_context: int | None = None
    modality: str | None = None
    is_priced: bool | None = None
    words: tuple[str, ...] = ()

    def accepts(self, model: Model, facts: ModelFacts, is_priced: bool) -> bool:
        """Return whether a model belongs into the list."""
        return (
            self.name in (None, model.name)
            and self.author in (None, model.author)
            and self.is_priced in (None, is_priced)
            and (self.open_weights is None or value_of(facts.open_weights) is self.open_weights)
            and (self.min_context is None or (value_of(facts.context_window) or 0) >= self.min_context)
            and (self.modality is None or self.modality in (value_of(facts.input_modalities) or ()))
            and self._has_words(model)
        )

    def _has_words(self, model: Model) -> bool:
        if not self.words:
            return True
        searched = f"{model.name} {model.display_name} {model.author}".lower()
        return all(word in searched for word in self.words)


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of a search, in lower case."""
    return tuple(text.lower().split())


def read_filter(wanted: Mapping[str, str]) -> CatalogueFilter:
    """Return the filter that query parameters ask for. Raise InvalidRequest, which names the parameter and its value.

    Whether author and name are known is not checked.
    """
    return CatalogueFilter(
        wanted.get("author"),
        wanted.get("name"),
        flag(wanted, "open_weights"),
        _min_context(wanted),
        _modality(wanted),
        flag(wanted, "priced"),
        search_words(wanted.get("q", "")),
    )


def flag(wanted: Mapping[str, str], name: str) -> bool | None:
    """Return a parameter that is true or false, None if it is missing. Raise InvalidRequest."""
    if name not in wanted:
        return None
    if wanted[name] not in FLAGS:
        raise InvalidRequest(f"{name}: must be true or false, not {shorten(wanted[name])}.")
    return FLAGS[wanted[name]]


def _min_context(wanted: Mapping[str, str]) -> int | None:
    text = wanted.get("min_context")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CONTEXT_DIGITS):
        raise InvalidRequest(f"min_context: must be a whole number of tokens, not {shorten(text)}.")
    return int(text)


def _modality(wanted: Mapping[str, str]) -> str | None:
    modality = wanted.get("modality")
    if modality is not None and modality not in INPUT_MODALITIES:
        known = ", ".join(INPUT_MODALITIES)
        raise InvalidRequest(f"modality: must be an input of models, one of {known}, not {shorten(modality)}.")
    return modality
