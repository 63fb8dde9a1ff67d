"""genai-prices' own calculation, as a second opinion on the cost of whole calls.

python -m tests.pricing_data.genai_oracle [CASES]   compare so many random calls, and list what differs
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider

from pricing_data import Price, PriceBook

# From this day on the source prices batches; the day before it did not know of them.
BATCHES_SINCE = date(2026, 10, 14)
BY_ID = {(provider.id, model.id): (provider, model) for provider in providers for model in provider.models}


@dataclass(frozen=True)
class Case:
    """One call at one moment, under a row of the book that was read from genai-prices."""

    row: Price
    at: datetime
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    batch: bool


def cases(book: PriceBook, count: int, seed: int, until: date) -> Iterator[Case]:
    """Random calls over all rows of genai-prices, at random moments while they held; often at a tier's bound."""
    rng = random.Random(seed)
    spans = list(_spans(book, until))
    for number in range(count):
        row, end = spans[number] if number < len(spans) else rng.choice(spans)
        start = datetime.combine(row.effective_from, time(), UTC)
        at = start + timedelta(seconds=rng.randrange(86_400 * (end - row.effective_from).days))
        bounds = [tier.above_tokens for tier in row.tariff.tiers] or [1000]
        tokens = rng.choice([bound := rng.choice(bounds), bound + 1, rng.randrange(10**6), rng.randrange(10**9)])
        cached = rng.choice([0, rng.randrange(tokens + 1)])
        written = rng.choice([0, rng.randrange(tokens - cached + 1)])
        batch = row.tariff.batch is not None and at.date() >= BATCHES_SINCE and rng.random() < 0.3
        output = rng.randrange(10**6) if row.output is not None else 0
        yield Case(row, at, tokens, output, cached, written, batch)


def _spans(book: PriceBook, until: date) -> Iterator[tuple[Price, date]]:
    for history in book.histories.values():
        ends = [*(later.effective_from for later in history[1:]), until]
        for row, end in zip(history, ends, strict=True):
            if row.source.package == "genai-prices" and row.effective_from < end:
                yield row, end


def theirs(case: Case) -> Decimal:
    """What genai-prices itself makes of a call, in USD."""
    provider, model = entry(case.row)
    usage = Usage(
        input_tokens=case.input_tokens,
        output_tokens=case.output_tokens,
        cache_read_tokens=case.cached_input_tokens,
        cache_write_tokens=case.cache_write_tokens,
    )
    context = {"processing": "batch"} if case.batch else None
    return model.calc_price(usage, provider, genai_request_timestamp=case.at, price_context=context).total_price


def ours(book: PriceBook, case: Case) -> Decimal:
    """What the book makes of it."""
    return book.call_cost(
        case.row.model,
        case.input_tokens,
        case.output_tokens,
        cached_input_tokens=case.cached_input_tokens,
        cache_write_tokens=case.cache_write_tokens,
        batch=case.batch,
        at=case.at,
    ).total


def entry(row: Price) -> tuple[Provider, ModelInfo]:
    """The entry of the source that a row was read from."""
    return BY_ID[row.source.provider, row.source.id]


def main() -> int:
    """Compare; 1 if anything differs."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    book = PriceBook.from_package()
    until = book.refreshed_at + timedelta(days=7)
    differing = [case for case in cases(book, count, 0, until) if ours(book, case) != theirs(case)]
    for case in differing[:20]:
        sys.stdout.write(f"{case.row.model} at {case.at}: {ours(book, case)}, not {theirs(case)}\n")
    sys.stdout.write(f"{count} calls compared, {len(differing)} differ\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
