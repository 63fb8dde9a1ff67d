"""The JSON of the models that a call costs least with, the same for the API and the command."""

from collections import Counter
from collections.abc import Sequence

from corpus_cost.cheapest import CheapestQuery, RankedModel, Ranking
from corpus_cost.model_constraints import (
    AUTHOR,
    CONTEXT,
    MODALITY,
    NO_PRICE,
    NO_VOCABULARY,
    NOT_RELEASED,
    OUTPUT_LIMIT,
    REASONS,
    RETIRED,
    UNPRICED,
    WEIGHTS,
    LeftOut,
)
from pricing_data import PriceBook
from pricing_data.book.overrides import Markup
from pricing_data.pricing import lines_of, row_id
from service.http import json
from service.tokens.cost_answers import line_entry, markup_values, moment_text
from service.tokens.count_entries import estimate_entry
from tokenizer_registry import Registry

# Models that are named for each reason, unless all of them are asked for.
MAX_NAMED = 5
# What people read for the reasons of `corpus_cost.model_constraints`.
WORDS = {
    AUTHOR: "of other authors",
    WEIGHTS: "of other or unknown weights",
    MODALITY: "of other modalities",
    NOT_RELEASED: "not released",
    RETIRED: "retired",
    NO_PRICE: "without a price on the day",
    CONTEXT: "with too small or unknown a context",
    OUTPUT_LIMIT: "with too short an output",
    NO_VOCABULARY: "without a count",
    UNPRICED: "without a rate for such a call",
}


def ranking_answer(
    registry: Registry,
    book: PriceBook,
    query: CheapestQuery,
    ranking: Ranking,
    *,
    max_results: int,
    list_left_out: bool,
    markup: Markup | None = None,
) -> dict[str, json.Value]:
    """Return the first `max_results` models, how many there are, and those left out by reason."""
    models: list[json.Value] = [
        {"author": registry.models[each.model].author, **_entry(each, query, markup)}
        for each in ranking.models[:max_results]
    ]
    return {
        "at": moment_text(query.terms.at),
        "service_tier": query.terms.service,
        "region": query.terms.region,
        "output_tokens": query.output_tokens,
        "currency": "USD",
        "found": len(ranking.models),
        "models": models,
        "left_out": left_out_entries(ranking.left_out, MAX_NAMED if not list_left_out else None),
        "pricing_version": book.version,
    }


def left_out_entries(left_out: Sequence[LeftOut], max_named: int | None) -> list[json.Value]:
    """Return the number of models for each reason, and the first `max_named` of them, None for all."""
    entries: list[json.Value] = []
    for reason in REASONS:
        found = [each for each in left_out if each.reason == reason]
        named: list[json.Value] = [{"model": each.model, "why": each.why} for each in found[:max_named]]
        if found:
            entries.append({"reason": reason, "count": len(found), "models": named})
    return entries


def left_out_counts(left_out: Sequence[LeftOut]) -> list[tuple[str, int]]:
    """Return words for each reason, with the number of models that it leaves out."""
    counts = Counter(each.reason for each in left_out)
    return [(WORDS[reason], counts[reason]) for reason in REASONS if counts[reason]]


def _entry(ranked: RankedModel, query: CheapestQuery, markup: Markup | None) -> dict[str, json.Value]:
    counted, price = ranked.counted, ranked.total.price
    lines: list[json.Value] = [line_entry(line) for line in lines_of(ranked.total)]
    entry: dict[str, json.Value] = {
        "model": ranked.model,
        "cost": ranked.usd,
        "token_count": counted.tokens,
        "method": counted.method,
        "vocabulary": counted.vocabulary,
        "context_window": ranked.context_window,
        "context_left": ranked.context_left,
        "row": row_id(price) if price else None,
        "lines": lines,
    }
    if query.allow_estimates:
        entry |= estimate_entry(counted)
    return entry if markup is None else entry | markup_values(markup, ranked.usd)
