"""The names of models as callers send them: the one place in which they are resolved for prices."""

from collections.abc import Mapping

from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import ResolveModel, without_author
from service.http.json import shorten
from service.tokens.requests import MAX_SUGGESTIONS, unknown_model


def resolver(models: Mapping[str, object], book: PriceBook) -> ResolveModel:
    """Return a function that finds the name in the book; it raises BadUsage for one that is not known.

    Made for each call: it suggests near names so often only, as each look compares with the whole catalogue.
    """
    missed: dict[str, str] = {}

    def resolve(name: str, provider: str | None) -> str:
        if name in models or name in book.histories or name in book.overrides:
            return name
        if provider == "openrouter" and (own := without_author(book, name)):
            return own
        if name not in missed and len(missed) >= MAX_SUGGESTIONS:
            raise BadUsage("model", f"unknown model {shorten(name)}")
        if name not in missed:
            missed[name] = unknown_model(name, models)
        raise BadUsage("model", missed[name])

    return resolve
