"""Resolves the names that are not a model's own: published aliases, fixed rewrites and suggestions."""

from collections.abc import Collection
from functools import cached_property

from tokenizer_registry.name_data import NameData
from tokenizer_registry.name_forms import forms
from tokenizer_registry.name_index import NameIndex, NameMatch
from tokenizer_registry.name_parts import NameForm
from tokenizer_registry.name_suggestions import NameSuggestions
from tokenizer_registry.resolution import NameTerms, Resolution, ResolutionStep


class NameRewriting:
    """The forms of a name, each looked up among models and published aliases; the first that is known counts."""

    def __init__(self, models: Collection[str], data: NameData) -> None:
        self._data = data
        self._index = NameIndex(models, data)

    def find(self, name: str) -> Resolution | None:
        """Return the model of a name, None if it stands for none."""
        for form in forms(name, self._data):
            match = self._index.find(form.name, form.author, form.host, form.is_closed)
            if match is not None and (not form.only_for or self._index.author_of(match.model) in form.only_for):
                return self._resolution(name, form, match)
        return None

    def suggest(self, name: str) -> str | None:
        """Return the model that an unknown name was most likely meant for, None if there is none or more than one."""
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
    def _suggestions(self) -> NameSuggestions:
        index = self._index
        return NameSuggestions((name, model, index.author_of(model)) for name, model in index.names())

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
