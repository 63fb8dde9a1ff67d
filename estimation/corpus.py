"""One call for a whole corpus, as from a notebook: find, plan, count on all cores, price."""

from collections.abc import Iterable, Sequence
from functools import partial

from estimation.engines import load
from estimation.estimate import Estimate
from estimation.job import Job
from estimation.locating import find
from estimation.metering import metering
from estimation.planning import plan
from estimation.reading.batch import Reading
from estimation.reading.parquet import prepare
from estimation.run import Question, Tally, outcome, run
from estimation.source import Format
from estimation.workers import Workers
from estimation.workload import Workload
from pricing_data import PriceBook
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors


def estimate_corpus(
    inputs: Iterable[str],
    models: Sequence[str],
    workload: Workload,
    *,
    registry: Registry,
    book: PriceBook,
    reading: Reading | None = None,
    form: Format | None = None,
    estimated: bool = False,
    workers: int | None = None,
) -> Estimate:
    """What the texts of files, folders, patterns and URLs would cost. Nothing is kept on disk.

    Raises NothingFound, MissingExtra, WorkersLost, UnknownModel.
    """
    reading = reading or Reading()
    count = workers or usable_processors()
    ways = metering(registry, book, models, workload, estimate=estimated)
    job = Job(ways.meters, workload, reading)
    inputs = list(inputs)
    # Workers come first: they are forked, which is safe as long as nothing here has started threads.
    with Workers(job, load(registry, job.counters), count, partial(prepare, inputs, form)) as runner:
        found = find(inputs, form)
        planned = plan(found.sources, reading, count)
        tally = Tally(None)
        run(runner, planned.shards, tally, lambda _: None)
    return outcome(Question(ways, book, workload, found), planned.shards, planned.faults, tally)
