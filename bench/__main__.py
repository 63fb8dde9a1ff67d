"""Run all benchmarks and write docs/benchmarks.md, or run those named: `python -m bench [PART...]`."""

import os
from argparse import ArgumentParser
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

from bench.accounts import CALLS, MANY, ROUNDS, many_accounts
from bench.catalogue import growth, whole_catalogue
from bench.chat_counts import chat_counts
from bench.corpora import corpora_section
from bench.costs import costs
from bench.counting import Comparison, compare_engines
from bench.endpoint import MODELS, served, start_and_memory
from bench.gateway import gateway_section
from bench.hostile import hostile
from bench.load import CONNECTIONS, generator
from bench.other_tokenizers import tokenizers_section
from bench.peers import counts_section
from bench.pricing import pricing
from bench.report import Section, median, show, write
from bench.stolen import ticks
from bench.typing import BURSTS, typing, typing_in_large_text
from tokenizer_registry import Registry
from tokenizer_registry.vocabulary_files import VocabularyFormat

BUSY_LOAD = 1.0
MUCH_STOLEN = 0.02


def main() -> None:
    """Print each table when it is measured; write the document if no parts are named."""
    parser = ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts: list[str] = parser.parse_args().parts
    for name in set(parts) - PARTS.keys():
        parser.error(f"there is no part {name!r}, but {', '.join(PARTS)}")
    load, began = os.getloadavg()[0], ticks()
    sections = []
    for name in parts or list(PARTS):
        for section in PARTS[name]():
            show(section)
            sections.append(section)
    if not parts:
        busy = [f"The machine was busy with other work (load {load:.1f})."] if load > BUSY_LOAD else []
        stolen = ticks().share_since(began)
        lent = [f"Its host gave {stolen:.0%} of the processor time to others."] if stolen > MUCH_STOLEN else []
        write(sections, datetime.now(UTC).date(), " ".join(busy + lent))


def _engines() -> Iterable[Section]:
    rows = list(compare_engines())
    columns = ("owner's library", "vocabularies", "2 kB", "50 kB", "all fresh texts", "repeated text")
    yield Section(
        "Engines, times as fast as the owner's library",
        "Medians over vocabularies of medians over new texts: prose, code and 12 languages. "
        "The counts are equal: `make verify-engines`.",
        columns,
        [_summary(form, [row for row in rows if row.format == form]) for form in VocabularyFormat],
    )
    yield Section(
        "Each vocabulary",
        "Times as fast as the owner's library, and the engine's MB/s; all but the last column but one on new texts.",
        ("vocabulary", "owner's library", "fresh", *list(rows[0].engine), "prose 2 kB, MB/s"),
        [_row(row) for row in rows],
    )


def _library(form: VocabularyFormat) -> str:
    """Return the library that counts in this format."""
    match form:
        case VocabularyFormat.TIKTOKEN | VocabularyFormat.SENTENCEPIECE:
            return form.value
        case VocabularyFormat.HUGGINGFACE:
            return "tokenizers"
        case VocabularyFormat.LONGEST_MATCH:
            return "longest match, in Python"


def _summary(form: VocabularyFormat, rows: list[Comparison]) -> list[str]:
    small = [row.ratio(name) for row in rows for name in row.engine if name.endswith(" 2 kB")]
    large = [row.ratio(name) for row in rows for name in row.engine if name.endswith(" 50 kB")]
    fresh, repeated = [row.fresh for row in rows], [row.ratio("repeated") for row in rows]
    return [_library(form), str(len(rows)), *map(median, (small, large, fresh, repeated))]


def _row(row: Comparison) -> list[str]:
    ratios = [f"{row.ratio(name):.1f}" for name in row.engine]
    return [row.vocabulary, _library(row.format), f"{row.fresh:.1f}", *ratios, f"{row.engine['prose 2 kB']:.1f}"]


def _catalogue() -> Iterable[Section]:
    registry = Registry.from_package()
    rows = [*whole_catalogue(registry), *growth(registry), *hostile(registry)]
    yield Section("Counting", "In one process, without HTTP.", ("what", "value"), rows)


def _endpoint() -> Iterable[Section]:
    about = (
        f"`POST /v1/tokens/count`, texts of 2 kB, {len(MODELS)} models that share a vocabulary or have one each, "
        f"key and limits on. Load: {generator()}, {CONNECTIONS} connections."
    )
    yield Section("The endpoint", about, ("what", "one vocabulary", "five vocabularies"), list(served()))


def _process() -> Iterable[Section]:
    about = "The vocabularies of all models are loaded before the workers are forked."
    yield Section("Start and memory", about, ("what", "value"), list(start_and_memory()))


def _accounts() -> Iterable[Section]:
    about = f"One worker. Medians of {ROUNDS} rounds of {CALLS} calls on each of two servers in turn."
    columns = ("what", "one account", f"{MANY:,}", "ratio")
    yield Section("A call among many accounts", about, columns, list(many_accounts()))


def _corpora() -> Iterable[Section]:
    # In a process of its own, as an estimate is: to fork workers from this one, which has counted before, takes longer.
    with ProcessPoolExecutor(1, get_context("spawn")) as own:
        yield own.submit(corpora_section).result()


def _pricing() -> Iterable[Section]:
    about = "In one process, seconds of one processor, each usage by its model's price of its instant."
    yield Section("Prices", about, ("what", "value"), list(pricing()))


def _costs() -> Iterable[Section]:
    about = "What providers answered to an exact cost; over HTTP with a line for each rate, key and limits on."
    yield Section("Costs of calls", about, ("what", "value"), list(costs()))


def _gateway() -> Iterable[Section]:
    yield gateway_section()


def _peers() -> Iterable[Section]:
    yield counts_section()


def _tokenizers() -> Iterable[Section]:
    yield tokenizers_section()


def _typing() -> Iterable[Section]:
    about = (
        "From the last key in a text of 10 kB to the painted table, in Chromium beside the server. "
        f"{BURSTS} bursts of five keys, ten keys a second."
    )
    columns = ("models", "number", "median", "90th percentile", "99th percentile")
    yield Section("Typing in the playground", about, columns, list(typing()))
    about = "From a key in a text of 500 kB, or the key that pastes it over all, to the next painted frame."
    yield Section("Typing in a large text", about, ("what", "times", "median", "longest"), list(typing_in_large_text()))


PARTS: dict[str, Callable[[], Iterable[Section]]] = {
    "engines": _engines,
    "tokenizers": _tokenizers,
    "catalogue": _catalogue,
    "endpoint": _endpoint,
    "process": _process,
    "accounts": _accounts,
    "corpora": _corpora,
    "prices": _pricing,
    "costs": _costs,
    "gateway": _gateway,
    "peers": _peers,
    "chats": chat_counts,
    "typing": _typing,
}

if __name__ == "__main__":
    main()
