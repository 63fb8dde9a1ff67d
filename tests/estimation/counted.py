"""What the estimates are compared with: a plain loop over texts, one call each."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from estimation.engines import load
from estimation.estimate import Estimate
from estimation.job import Job
from estimation.locating import find
from estimation.metering import metering
from estimation.planning import plan
from estimation.reading.batch import Reading
from estimation.run import Question, Tally, outcome, run
from estimation.source import Format
from estimation.workers import Workers
from estimation.workload import Workload
from pricing_data import PriceBook
from tokenizer_registry import Registry


def estimated(
    inputs: Iterable[Path | str],
    models: Sequence[str],
    workload: Workload,
    *,
    registry: Registry,
    book: PriceBook,
    reading: Reading | None = None,
    form: Format | None = None,
    workers: int = 2,
) -> Estimate:
    """An estimate by worker processes."""
    reading = reading or Reading()
    ways = metering(registry, book, models, workload, estimate=False)
    job = Job(ways.meters, workload, reading)
    with Workers(job, load(registry, job.counters), workers) as runner:
        found = find(map(str, inputs), form)
        planned = plan(found.sources, reading, workers)
        tally = Tally(None)
        run(runner, planned.shards, tally, lambda _: None)
    return outcome(Question(ways, book, workload, found), planned.shards, planned.faults, tally)


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
        cost = book.call_cost(model, count, output, cached_input_tokens=cached, batch=workload.batch, at=workload.day)
        tokens, answered, usd = tokens + count, answered + output, usd + cost.total
    return tokens, answered, usd


def totals(found: Estimate) -> Mapping[str, tuple[int | None, int | None, Decimal | None]]:
    """The totals of each model."""
    return {model.way.model: (model.input_tokens, model.output_tokens, model.usd) for model in found.models}
