"""Measure how many usages are priced per second in Python on one core, and how long the price book takes to load."""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from pricing_data import PriceBook, Terms, UnpricedUsage, Usage
from pricing_data.price import Price

CALLS, ROUNDS = 50_000, 7
FIRST_DAY, DAYS = datetime(2026, 6, 1, tzinfo=UTC), 150


def pricing() -> Iterator[tuple[str, str]]:
    """Yield a row for each kind of usage, priced at random instants over all models that have a price then."""
    book = PriceBook.from_package()
    for what, usage in (("input and output", _plain), ("cached, written, reasoning, batches", _rich)):
        calls = _calls(book, usage)
        yield f"usages priced a second, {what}", f"{CALLS / _median_seconds(partial(_price, book, calls)):,.0f}"
        yield "the same with a line for each rate", f"{CALLS / _median_seconds(partial(_lines, book, calls)):,.0f}"
    yield "price book ready, its seals checked", f"{_median_seconds(PriceBook.from_package) * 1000:.1f} ms"
    yield "all its rows read", f"{_median_seconds(lambda: PriceBook.from_package().check_rows()) * 1000:.0f} ms"


def _calls(
    book: PriceBook, usage: Callable[[random.Random, Price], tuple[Usage, str]]
) -> Sequence[tuple[str, Usage, Terms]]:
    rng, models = random.Random(5), list(book.histories)
    found: list[tuple[str, Usage, Terms]] = []
    while len(found) < CALLS:
        model, at = rng.choice(models), FIRST_DAY + timedelta(seconds=rng.randrange(DAYS * 86_400))
        price = book.price(model, at)
        if price is not None and price.output is not None:
            counts, service = usage(rng, price)
            terms = Terms(at, service)
            try:
                book.call_cost(model, counts, terms)
            except UnpricedUsage:
                continue
            found.append((model, counts, terms))
    return found


def _plain(rng: random.Random, price: Price) -> tuple[Usage, str]:
    return Usage(rng.randrange(300_000), rng.randrange(10_000)), "standard"


def _rich(rng: random.Random, price: Price) -> tuple[Usage, str]:
    whole, answer = rng.randrange(300_000), rng.randrange(1, 10_000)
    cached = rng.randrange(whole // 2 + 1) if price.cached_input is not None else 0
    written = rng.randrange(whole // 2 + 1) if price.cache_write is not None else 0
    service = "batch" if rng.random() < 1 / 3 and price.tariff.service("batch") else "standard"
    return Usage(whole, answer, cached, written, reasoning_tokens=rng.randrange(answer)), service


def _price(book: PriceBook, calls: Sequence[tuple[str, Usage, Terms]]) -> None:
    for model, usage, terms in calls:
        _ = book.call_cost(model, usage, terms).total


def _lines(book: PriceBook, calls: Sequence[tuple[str, Usage, Terms]]) -> None:
    for model, usage, terms in calls:
        _ = book.call_cost(model, usage, terms).lines


def _median_seconds(work: Callable[[], object]) -> float:
    return statistics.median(_seconds(work) for _ in range(ROUNDS))


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor seconds, which other processes do not affect."""
    started = time.process_time()
    work()
    return time.process_time() - started
