"""Compare an estimate of a whole corpus with reading and counting it on one thread, and with gigatoken's file mode."""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from bench.one_tokenizer import NAMES
from bench.other_tokenizers import PEERS, ROOT
from bench.report import Section
from corpus_cost.chat_counting import ChatCounters
from corpus_cost.counting import JobCounters
from corpus_cost.estimate import Estimate
from corpus_cost.execution import estimate_corpus
from corpus_cost.readers.arrow_texts import ArrowTexts
from corpus_cost.readers.pieces import read_batches
from corpus_cost.shards import SourcePiece, Whole
from corpus_cost.sources import Compression, TextFormat, TextSource
from corpus_cost.workload import ReadOptions, Workload
from pricing_data import PriceBook
from tests.corpus_cost.large_corpora import generated_parquet, group_column, groups_of
from tokenizer_registry import Registry
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.vocabulary_files import unpack

# Each alone, and all together.
MODELS = ("gpt-4o", "claude-2.1", "gemini-2.5-pro")
CODEC = "zstd"
NO_CODEC = "none"
# The default size of a page, which is compressed as a whole.
PAGE_BYTES = 1 << 20
PAGES = 64
# Enough that starting the workers, which has a row of its own, is a small part of the quickest run.
MEGABYTES = 800
# So little that its estimate takes as long as starting the workers.
START_MEGABYTES = 1
# About as many as an estimate passes to an engine in one call.
BATCH_TEXTS = 500
# The best of this many rounds in turn, as other load of the machine only slows them down.
ROUNDS = 2
DAY = date(2026, 11, 21)
PEER = "gigatoken"
COLUMNS = (
    "models",
    "file",
    "estimate",
    "counting, a thread",
    "reading, a thread",
    "of cores x counting",
    "of both",
    PEER,
)
ABOUT = (
    f"`weighbridge estimate` over {MEGABYTES} MB of texts in one Parquet file, packed with {CODEC} or with {NO_CODEC}, "
    f"start of its workers included: MB/s, the best of {ROUNDS} rounds in turn. Beside it, on one thread: counting "
    "texts that lie in memory, and reading the file without counting. The shares are of such a speed times the cores: "
    "of counting, and of reading with counting. Unpacking alone bounds the first one: it leaves unpacking / (unpacking "
    f"+ counting) of the time to counting. {PEER} reads the same file in a process of its own, on all cores, with its "
    "vocabulary loaded, and returns the ids of all tokens; the ratio is ours over its. `!`: it finds another number of "
    "tokens. `-`: it does not have the vocabulary, or takes one at a time."
)


class Rates(NamedTuple):
    """MB/s of a whole estimate, of counting and of reading on one thread, and of the peer; 0 if it cannot."""

    estimate: float
    counting: float
    reading: float
    peer: float
    peer_differs: bool


class Bench:
    """What is needed to measure estimates of one corpus, in a file of this compression."""

    def __init__(self, folder: Path, compression: str) -> None:
        self.folder = folder
        self.compression = compression
        self.path = generated_parquet(folder, MEGABYTES, compression)
        self.registry, self.book = Registry.from_package(), PriceBook.from_package()

    def vocabularies(self, models: Sequence[str]) -> list[str]:
        """Return the names of the vocabularies of models."""
        return [str(self.registry.models[model].vocabulary) for model in models]

    def estimate(self, path: Path, models: Sequence[str]) -> tuple[Estimate, float]:
        """Return a whole estimate and its seconds, with the start of its workers and reading."""
        began = time.perf_counter()
        found = estimate_corpus([str(path)], models, Workload(DAY), registry=self.registry, book=self.book)
        return found, time.perf_counter() - began

    def counting_seconds(self, models: Sequence[str]) -> float:
        """Return the seconds of counting alone, on one thread with loaded vocabularies."""
        by_name = {name: self.registry.counter(name) for name in self.vocabularies(models)}
        counters = JobCounters(by_name, ChatCounters(self.registry, ()))
        seconds = 0.0
        for group in range(groups_of(self.path)):
            texts = ArrowTexts(group_column(self.path, group))
            began = time.perf_counter()
            for at in range(0, len(texts), BATCH_TEXTS):
                counters.count(texts[at : at + BATCH_TEXTS])
            seconds += time.perf_counter() - began
        return seconds

    def reading_seconds(self) -> float:
        """Return the seconds of reading alone, on one thread, as an estimate reads."""
        name = str(self.path)
        source = TextSource(name, name, self.path.stat().st_size, "", TextFormat.PARQUET, Compression.NONE)
        began = time.perf_counter()
        for _ in read_batches(SourcePiece(source, Whole(), source.size), ReadOptions()):
            pass
        return time.perf_counter() - began

    def peer(self, vocabulary: str) -> tuple[float, int]:
        """Return the seconds of the peer's file mode, and the number of tokens that it finds."""
        file = self.folder / vocabulary
        if not file.exists():
            file.write_bytes(unpack(self.registry.vocabularies[vocabulary], self.registry.folder_of(vocabulary)))
        command = [str(PEERS), "-m", "bench.gigatoken_corpus", NAMES[PEER][vocabulary], str(file), str(self.path)]
        seconds, tokens = json.loads(subprocess.run(command, capture_output=True, cwd=ROOT, check=True).stdout)
        return seconds, tokens


def corpora_section() -> Section:
    """Return a row for each file and choice of models, and those for unpacking and for the start of the workers."""
    absent = "" if PEERS.exists() else f" {PEER} is not installed: run `make peers`."
    with tempfile.TemporaryDirectory() as folder:
        benches = [Bench(Path(folder), compression) for compression in (CODEC, NO_CODEC)]
        rows = [row for bench in benches for row in _rows(bench)]
        return Section("Corpora", ABOUT + absent, COLUMNS, [*rows, *_parts(benches[0])])


def _rows(bench: Bench) -> Iterator[list[str]]:
    cores = usable_processors()
    for models in (*((model,) for model in MODELS), MODELS):
        best = _best(bench, models)
        both = 1 / (1 / best.counting + 1 / best.reading)
        yield [
            ", ".join(models),
            bench.compression,
            *(f"{rate:.0f}" for rate in best[:3]),
            *(f"{best.estimate / (rate * cores):.2f}" for rate in (best.counting, both)),
            f"{best.peer:.0f}{' !' * best.peer_differs}, {best.estimate / best.peer:.2f} x" if best.peer else "-",
        ]


def _parts(bench: Bench) -> Iterator[list[str]]:
    nothing = [""] * (len(COLUMNS) - 3)
    yield [f"unpacking alone, pages of {PAGE_BYTES >> 20} MB", CODEC, f"{_unpacking(bench):.0f}", *nothing]
    small = generated_parquet(bench.folder, START_MEGABYTES)
    seconds = min(bench.estimate(small, MODELS)[1] for _ in range(ROUNDS))
    yield [f"start: {START_MEGABYTES} MB for all", CODEC, f"{seconds:.2f} s", *nothing]


def _unpacking(bench: Bench) -> float:
    """Return the MB/s of unpacking pages of texts on one thread, without anything that reading does besides."""
    content = b"".join(text.encode() for text in group_column(bench.path, 0).to_pylist())
    codec = import_module("pyarrow").Codec(CODEC)
    pages = [content[at : at + PAGE_BYTES] for at in range(0, len(content) - PAGE_BYTES, PAGE_BYTES)][:PAGES]
    packed = [codec.compress(page) for page in pages]
    seconds = min(_seconds(lambda: [codec.decompress(page, PAGE_BYTES) for page in packed]) for _ in range(ROUNDS))
    return len(pages) * PAGE_BYTES / 1e6 / seconds


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _best(bench: Bench, models: Sequence[str]) -> Rates:
    rounds = [_measure(bench, models) for _ in range(ROUNDS)]
    return Rates(*map(max, zip(*rounds, strict=True)))


def _measure(bench: Bench, models: Sequence[str]) -> Rates:
    found, seconds = bench.estimate(bench.path, models)
    size = found.total.bytes / 1e6
    names = [name for name in bench.vocabularies(models) if name in NAMES[PEER]]
    peer, differs = 0.0, False
    if len(models) == len(names) == 1 and PEERS.exists():
        peer_seconds, tokens = bench.peer(names[0])
        peer, differs = size / peer_seconds, tokens != found.models[0].input_tokens
    return Rates(size / seconds, size / bench.counting_seconds(models), size / bench.reading_seconds(), peer, differs)
