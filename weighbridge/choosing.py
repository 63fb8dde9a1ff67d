"""The models that a call could be sent to, by its exact cost."""

from collections.abc import Iterable
from datetime import date

from corpus_cost.cheapest import CheapestQuery, Ranking
from corpus_cost.cheapest import cheapest as rank_models
from corpus_cost.model_constraints import ModelConstraints
from pricing_data import Terms
from weighbridge.arguments import check_text, instant, names_of
from weighbridge.counting import registry
from weighbridge.pricing import names


def cheapest(
    text: str,
    output_tokens: int = 0,
    *,
    min_context: int | None = None,
    authors: Iterable[str] | None = None,
    open_weights: bool | None = None,
    modality: str | None = None,
    estimate: bool = False,
    at: date | None = None,
    service_tier: str = "standard",
    region: str | None = None,
) -> Ranking:
    """Return every model of the catalogue that a text could be sent to, the cheapest first, and those left out.

    Each model counts with its own vocabulary; the cost is that of the input and of `output_tokens` tokens of output.
    A model whose context window, in tokens, is not known does not meet `min_context`. With `estimate`, models whose
    tokens can only be estimated are ranked too.

    >>> import datetime
    >>> found = cheapest("hello", 100, authors=["OpenAI"], at=datetime.date(2025, 6, 1))
    >>> found.models[0].model, str(found.models[0].usd), found.models[0].counted.tokens
    ('gpt-4.1-nano', '0.000040100', 1)

    Raise UncountableText, TypeError, and ValueError for an author that is not in the catalogue.
    """
    check_text(text)
    known = registry()
    wanted = None if authors is None else frozenset(names_of(authors))
    for author in sorted((wanted or frozenset()) - {model.author for model in known.models.values()}):
        raise ValueError(f"there is no author {author!r}; weighbridge.models() has the known ones")
    query = CheapestQuery(
        Terms(instant(at), service_tier, region),
        output_tokens,
        ModelConstraints(min_context, wanted, open_weights, modality),
        estimate,
    )
    return rank_models(known, names().book, text, query)
