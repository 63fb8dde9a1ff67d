"""Compare the speed of an estimate of a whole corpus with that of the engines on one thread."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from corpus_cost.chat_counting import ChatCounters
from corpus_cost.counting import JobCounters
from corpus_cost.execution import estimate_corpus
from corpus_cost.readers.arrow_texts import ArrowTexts, sizes_of
from corpus_cost.workload import Workload
from pricing_data import PriceBook
from tests.corpus_cost.large_corpora import generated_parquet, group_column, groups_of
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors

# Each alone, and all together.
MODELS = ("gpt-4o", "claude-2.1", "gemini-2.5-pro")
# Enough that starting the workers, a few tenths of a second, is a small part of the quickest run.
MEGABYTES = 400
# About as many as an estimate passes to an engine in one call.
BATCH_TEXTS = 500
# The best of this many runs, as other load of the machine only slows them down.
ROUNDS = 2
DAY = date(2026, 11, 21)


def corpora() -> Iterator[tuple[str, str]]:
    """Yield a row for each choice of models: speed on all cores, and relative to one thread times the cores."""
    registry, book = Registry.from_package(), PriceBook.from_package()
    cores = usable_processors()
    with tempfile.TemporaryDirectory() as folder:
        path = generated_parquet(Path(folder), MEGABYTES)
        for models in (*((model,) for model in MODELS), MODELS):
            named = [str(registry.models[model].vocabulary) for model in models]
            by_name = {name: registry.counter(name) for name in named}
            counters = JobCounters(by_name, ChatCounters(registry, ()))
            alone = together = 0.0
            for _ in range(ROUNDS):
                alone = max(alone, one_thread(counters, path))
                together = max(together, estimated(path, models, registry, book))
            share = together / (alone * cores)
            rates = f"{together:.1f} MB/s on {cores} cores; {alone:.1f} MB/s on a thread; {share:.2f} of cores x thread"
            yield f"{', '.join(models)}, {MEGABYTES} MB of texts in Parquet", rates


def estimated(path: Path, models: Sequence[str], registry: Registry, book: PriceBook) -> float:
    """Return the MB/s of a whole estimate, with the start of its workers and reading."""
    began = time.perf_counter()
    found = estimate_corpus([str(path)], models, Workload(DAY), registry=registry, book=book)
    return found.total.bytes / (time.perf_counter() - began) / 1e6


def one_thread(counters: JobCounters, path: Path) -> float:
    """Return the MB/s of counting alone, on one thread with loaded vocabularies."""
    size, seconds = 0, 0.0
    for group in range(groups_of(path)):
        texts = ArrowTexts(group_column(path, group))
        size += sum(sizes_of(texts.array))
        began = time.perf_counter()
        for at in range(0, len(texts), BATCH_TEXTS):
            counters.count(texts[at : at + BATCH_TEXTS])
        seconds += time.perf_counter() - began
    return size / seconds / 1e6
