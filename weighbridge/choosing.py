"""The models that a call could be sent to, by its exact cost."""

from collections.abc import Iterable
from datetime import date

from corpus_cost.cheapest import CheapestQuery, Ranking
from corpus_cost.cheapest import cheapest as rank_models
from corpus_cost.model_constraints import INPUT_MODALITIES, ModelConstraints
from pricing_data import Terms
from pricing_data.price import SERVICES
from pricing_data.usage import MAX_TOKENS
from weighbridge.arguments import authors_of, check_text, instant
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

    Raise UncountableText, TypeError, and ValueError for an unknown author, modality or service tier and for a number of
    tokens out of range.
    """
    check_text(text)
    _check_tokens(output_tokens, "output_tokens", 0)
    if min_context is not None:
        _check_tokens(min_context, "min_context", 1)
    if open_weights not in (None, True, False):
        raise TypeError(f"open_weights must be True, False or None, not {open_weights!r}")
    _check_word(modality or "text", "modality", INPUT_MODALITIES)
    _check_word(service_tier, "service_tier", SERVICES)
    query = CheapestQuery(
        Terms(instant(at), service_tier, region),
        output_tokens,
        ModelConstraints(min_context, _known_authors(authors), open_weights, modality),
        estimate,
    )
    return rank_models(registry(), names().book, text, query)


def _known_authors(authors: Iterable[str] | None) -> frozenset[str] | None:
    if authors is None:
        return None
    wanted = authors_of(authors)
    for author in sorted(wanted - {model.author for model in registry().models.values()}):
        raise ValueError(f"there is no author {author!r}; weighbridge.models() has the known ones")
    return wanted


def _check_tokens(tokens: object, argument: str, least: int) -> None:
    if not isinstance(tokens, int) or isinstance(tokens, bool):
        raise TypeError(f"{argument} must be an int, not {type(tokens).__name__}")
    if not least <= tokens <= MAX_TOKENS:
        raise ValueError(f"{argument} must be from {least} to {MAX_TOKENS}, not {tokens}")


def _check_word(word: str, argument: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ValueError(f"{argument} must be one of {', '.join(known)}, not {word!r}")
