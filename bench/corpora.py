"""How fast a whole corpus is estimated, against what the engines do on one thread."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from estimation.corpus import estimate_corpus
from estimation.engines import Counters, load
from estimation.workload import Workload
from pricing_data import PriceBook
from tests.estimation.large_corpora import generated_parquet, texts
from tokenizer_registry import Registry

# Each alone, and all together.
MODELS = ("gpt-4o", "claude-2.1", "gemini-2.5-pro")
# Enough that the start of workers, a third of a second, is a small part of the quickest.
MEGABYTES = 200
# About as many as the estimate gives to an engine at once.
BATCH_TEXTS = 500
DAY = date(2026, 11, 21)


def corpora() -> Iterator[tuple[str, str]]:
    """A row for each choice of models: the estimate's speed on all cores, and its share of cores times one thread's."""
    registry, book = Registry.from_package(), PriceBook.from_package()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        path = generated_parquet(Path(folder), MEGABYTES)
        for models in (*((model,) for model in MODELS), MODELS):
            names = [str(registry.models[model].vocabulary) for model in models]
            size, seconds = one_thread(load(registry, names))
            began = time.perf_counter()
            estimate_corpus([str(path)], models, Workload(DAY), registry=registry, book=book)
            alone, together = size / seconds / 1e6, size / (time.perf_counter() - began) / 1e6
            share = together / (alone * cores)
            told = f"{together:.1f} MB/s on {cores} cores; {alone:.1f} MB/s on a thread; {share:.2f} of cores x thread"
            yield f"{', '.join(models)}, {MEGABYTES} MB of texts in Parquet", told


def one_thread(counters: Counters) -> tuple[int, float]:
    """The bytes of the texts, and the seconds of counting them without reading; the vocabularies are loaded before."""
    size, seconds = 0, 0.0
    batch: list[str] = []
    for text in texts(MEGABYTES):
        size += len(text.encode())
        batch.append(text)
        if len(batch) == BATCH_TEXTS:
            seconds += timed(counters, batch)
            batch = []
    return size, seconds + timed(counters, batch)


def timed(counters: Counters, batch: Sequence[str]) -> float:
    """Seconds for one batch."""
    began = time.perf_counter()
    counters.count(batch)
    return time.perf_counter() - began
