"""How fast a whole corpus is estimated, against what its engine does on one thread."""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path

from bench.counting import prose
from estimation.corpus import estimate_corpus
from estimation.workload import Workload
from pricing_data import PriceBook
from tokenizer_registry import Registry

MODELS = ("gpt-4o", "claude-2.1", "gemini-2.5-pro")
TEXTS, CHARACTERS = 24_000, 2_000
# What texts are cut in without the estimate around it: one thread, batches as the estimate has them.
BATCH_TEXTS = 500
DAY = date(2026, 11, 21)


def run() -> Iterator[tuple[str, str]]:
    """A row a model: the estimate's speed on all cores, and its share of cores times one thread's speed."""
    letters = random.Random(11)
    texts = [prose(letters, CHARACTERS) for _ in range(TEXTS)]
    size = sum(map(len, texts))
    registry, book = Registry.from_package(), PriceBook.from_package()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.parquet"
        table = import_module("pyarrow").table({"text": texts})
        import_module("pyarrow.parquet").write_table(table, path, row_group_size=1_000)
        for model in MODELS:
            alone = size / engine_seconds(registry, model, texts) / 1e6
            began = time.perf_counter()
            estimate_corpus([str(path)], [model], Workload(DAY), registry=registry, book=book)
            together = size / (time.perf_counter() - began) / 1e6
            share = together / (alone * cores)
            told = f"{together:.1f} MB/s on {cores} cores; {alone:.1f} MB/s on a thread; {share:.2f} of cores x thread"
            yield f"{model}, {size / 1e6:.0f} MB of Parquet", told


def engine_seconds(registry: Registry, model: str, texts: list[str]) -> float:
    """One thread over all texts; the vocabulary is loaded before."""
    vocabulary = registry.vocabulary(str(registry.models[model].vocabulary))
    began = time.perf_counter()
    for at in range(0, len(texts), BATCH_TEXTS):
        vocabulary.count_batch(texts[at : at + BATCH_TEXTS])
    return time.perf_counter() - began


if __name__ == "__main__":
    for row in run():
        print(*row, sep=": ")
