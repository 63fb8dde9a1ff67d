"""How fast a whole corpus is estimated, against what the engines do on one thread."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from corpus_cost.counting import JobCounters, load_counters
from corpus_cost.execution import estimate_corpus
from corpus_cost.workload import Workload
from pricing_data import PriceBook
from tests.corpus_cost.large_corpora import generated_parquet, group_texts, groups_of
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors

# Each alone, and all together.
MODELS = ("gpt-4o", "claude-2.1", "gemini-2.5-pro")
# Enough that the start of workers, some tenths of a second, is a small part of the quickest.
MEGABYTES = 400
# About as many as the estimate gives to an engine in one call.
BATCH_TEXTS = 500
# The best of so many counts: what else the machine does takes from both sides.
ROUNDS = 2
DAY = date(2026, 11, 21)


def corpora() -> Iterator[tuple[str, str]]:
    """A row for each choice of models: the estimate's speed on all cores, and its share of cores times one thread's."""
    registry, book = Registry.from_package(), PriceBook.from_package()
    cores = usable_processors()
    with tempfile.TemporaryDirectory() as folder:
        path = generated_parquet(Path(folder), MEGABYTES)
        for models in (*((model,) for model in MODELS), MODELS):
            counters = load_counters(registry, [str(registry.models[model].vocabulary) for model in models])
            alone = together = 0.0
            for _ in range(ROUNDS):
                alone = max(alone, one_thread(counters, path))
                together = max(together, estimated(path, models, registry, book))
            share = together / (alone * cores)
            rates = f"{together:.1f} MB/s on {cores} cores; {alone:.1f} MB/s on a thread; {share:.2f} of cores x thread"
            yield f"{', '.join(models)}, {MEGABYTES} MB of texts in Parquet", rates


def estimated(path: Path, models: Sequence[str], registry: Registry, book: PriceBook) -> float:
    """MB/s of a whole estimate: its workers start, read and count."""
    began = time.perf_counter()
    found = estimate_corpus([str(path)], models, Workload(DAY), registry=registry, book=book)
    return found.total.bytes / (time.perf_counter() - began) / 1e6


def one_thread(counters: JobCounters, path: Path) -> float:
    """MB/s of counting without reading; the vocabularies are loaded before."""
    size, seconds = 0, 0.0
    for group in range(groups_of(path)):
        texts = group_texts(path, group)
        size += sum(len(text.encode()) for text in texts)
        began = time.perf_counter()
        for at in range(0, len(texts), BATCH_TEXTS):
            counters.count(texts[at : at + BATCH_TEXTS])
        seconds += time.perf_counter() - began
    return size / seconds / 1e6
