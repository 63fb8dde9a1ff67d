"""What the estimates are compared with: a plain loop over texts, one call each."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from corpus_cost.estimate import Estimate
from corpus_cost.workload import Workload
from pricing_data import PriceBook, Usage
from tokenizer_registry import Registry


def looped(
    registry: Registry, book: PriceBook, model: str, calls: Iterable[tuple[str, int]], workload: Workload
) -> tuple[int, int, Decimal]:
    """Input tokens, output tokens and cost of calls, each a text and the output of its column, one by one."""
    vocabulary = registry.vocabulary(str(registry.models[model].vocabulary))
    tokens = answered = 0
    usd = Decimal()
    for text, in_column in calls:
        count = vocabulary.count(text)
        output = workload.output.of(count, in_column)
        cached = workload.cached(count)
        cost = book.call_cost(model, Usage(count, output, cached), workload.terms)
        tokens, answered, usd = tokens + count, answered + output, usd + cost.total
    return tokens, answered, usd


def totals(found: Estimate) -> Mapping[str, tuple[int | None, int | None, Decimal | None]]:
    """The totals of each model."""
    return {model.way.model: (model.input_tokens, model.output_tokens, model.usd) for model in found.models}
