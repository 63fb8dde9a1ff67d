"""Names of models as callers send them: resolved for prices, and with a suggestion where they are not known."""

from collections.abc import Collection, Mapping

from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import ResolveModel, without_author
from service.http.json import shorten
from weighbridge_base.suggestions import nearest

# Suggestions of one request: each compares the name with the whole catalogue.
MAX_SUGGESTIONS = 10


class UnknownModels:
    """Describes the unknown models of one request; the first MAX_SUGGESTIONS names get a suggestion."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._sentences: dict[str, str] = {}

    def sentence(self, name: str) -> str:
        """Return `unknown model "gpt4o" (did you mean gpt-4o?)`."""
        sentence = self._sentences.get(name)
        if sentence is not None:
            return sentence
        if len(self._sentences) >= MAX_SUGGESTIONS:
            return f"unknown model {shorten(name)}"
        near = nearest(name, self._known)
        sentence = self._sentences[name] = f"unknown model {shorten(name)}" + (
            f" (did you mean {near}?)" if near else ""
        )
        return sentence


def resolver(models: Mapping[str, object], book: PriceBook) -> ResolveModel:
    """Return a function that finds the name of a model in the book, for one request. It raises BadUsage."""
    unknown = UnknownModels(models)

    def resolve(name: str, provider: str | None) -> str:
        if name in models or name in book.histories or name in book.overrides:
            return name
        if provider == "openrouter" and (own := without_author(book, name)):
            return own
        raise BadUsage("model", unknown.sentence(name))

    return resolve
