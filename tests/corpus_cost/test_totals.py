"""Totals of whole corpora: the same as a loop over single texts, in every kind of file and at every kind of price."""

import csv
import gzip
import json
from collections.abc import Callable
from fractions import Fraction
from importlib import import_module
from pathlib import Path

import pytest
import zstandard

from corpus_cost.discovery import find_sources
from corpus_cost.execution import estimate_corpus
from corpus_cost.planning import MIN_SHARD_BYTES, plan_shards
from corpus_cost.sources import TextFormat
from corpus_cost.totals import Partial, from_json, merge_partials, to_json
from corpus_cost.workload import Output, ReadOptions, Workload
from pricing_data import PriceBook
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts, write_jsonl
from tests.corpus_cost.counted import looped, totals
from tokenizer_registry import Registry

MODELS = ("gpt-4o", "gpt-4", "claude-2.1", "gemini-2.5-pro")
TEXTS = [*texts(300, seed=1), "", "\n", 'a,b\n"c"', "ends\r\n", "\u2028 line", "🎈" * 50]
ANSWERS = [number % 700 for number in range(len(TEXTS))]


def as_jsonl(path: Path) -> Path:
    """JSON lines with texts and answers."""
    return write_jsonl(path, [{"text": text, "out": out} for text, out in zip(TEXTS, ANSWERS, strict=True)])


def as_csv(path: Path) -> Path:
    """CSV with texts and answers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["out", "text"], *zip(ANSWERS, TEXTS, strict=True)])
    return path


def as_parquet(path: Path) -> Path:
    """Parquet with texts and answers, in several row groups."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    parquet.write_table(arrow.table({"text": TEXTS, "out": ANSWERS}), path, row_group_size=70)
    return path


def packed(make: Callable[[Path], Path], pack: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    """Return a maker of the same file in packed form."""

    def make_packed(path: Path) -> Path:
        plain = make(path.with_suffix(".plain"))
        path.write_bytes(pack(plain.read_bytes()))
        plain.unlink()
        return path

    return make_packed


FILES = {
    "a.jsonl": as_jsonl,
    "a.csv": as_csv,
    "a.parquet": as_parquet,
    "a.jsonl.gz": packed(as_jsonl, gzip.compress),
    "a.csv.zst": packed(as_csv, zstandard.compress),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_file_gives_the_totals_of_a_loop(
    name: str, tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """Input and output tokens and the exact cost are those of single calls, for each kind of file."""
    workload = Workload(DAY, Output(column="out"))
    found = estimate_corpus(
        [str(FILES[name](tmp_path / name))],
        MODELS,
        workload,
        registry=registry,
        book=book,
        reading=ReadOptions(output_column="out"),
    )
    assert found.is_whole
    assert found.total.texts == len(TEXTS)
    assert found.total.bytes == sum(len(text.encode()) for text in TEXTS)
    calls = list(zip(TEXTS, ANSWERS, strict=True))
    assert totals(found) == {model: looped(registry, book, model, calls, workload) for model in MODELS}


WORKLOADS = [
    ("gemini-1.5-flash", 128_000, Workload(DAY, Output(ratio=Fraction(1, 3)), Fraction(3, 10))),
    ("gemini-2.5-pro", 200_000, Workload(DAY, Output(tokens=7), batch=True)),
]


@pytest.mark.parametrize(("model", "tier", "workload"), WORKLOADS)
def test_tiers_caches_and_batches_are_priced_call_by_call(
    model: str, tier: int, workload: Workload, tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """Texts on either side of a tier, and at its edge, cost the exact sum of their single calls."""
    edge = ["a " * 1_000, *("word " * count for count in (tier - 2, tier - 1, tier, tier + 1))]
    vocabulary = registry.vocabulary(str(registry.models[model].vocabulary))
    assert tier in {vocabulary.count(text) for text in edge}
    assert {vocabulary.count(text) > tier for text in edge} == {True, False}
    path = str(write_jsonl(tmp_path / "edge.jsonl", edge))
    found = estimate_corpus([path], [model], workload, registry=registry, book=book)
    assert totals(found) == {model: looped(registry, book, model, [(text, 0) for text in edge], workload)}


def test_a_folder_has_one_text_a_file_and_lists_what_is_binary(
    tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """Files of a folder are counted whole, hidden ones left out with their number, binary ones listed."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for number, text in enumerate(TEXTS[:40]):
        (tmp_path / "in" / "deep" / f"{number}.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / "in" / ".hidden").write_text("not this")
    (tmp_path / "in" / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    found = estimate_corpus([str(tmp_path / "in")], ["gpt-4o"], Workload(DAY), registry=registry, book=book)
    calls = [(text, 0) for text in TEXTS[:40]]
    assert totals(found) == {"gpt-4o": looped(registry, book, "gpt-4o", calls, Workload(DAY))}
    assert found.hidden == 1
    assert [fault.reason for fault in found.faults] == [
        "it is binary: byte 8 is 0; leave it out, or name its --encoding."
    ]
    assert not found.is_whole


@pytest.mark.parametrize("shard_bytes", [64, 1_000, MIN_SHARD_BYTES])
def test_parts_of_any_size_hold_each_line_once(
    shard_bytes: int, tmp_path: Path, registry: Registry, book: PriceBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However lines fall over the edges of parts, each is counted by exactly one of them."""
    monkeypatch.setattr("corpus_cost.planning.MIN_SHARD_BYTES", shard_bytes)
    path = tmp_path / "a.txt"
    path.write_text("\n".join(f"line {number} " + "x" * (number % 90) for number in range(400)), encoding="utf-8")
    found = estimate_corpus([str(path)], ["gpt-4o"], Workload(DAY), registry=registry, book=book, form=TextFormat.LINES)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert found.total.texts == len(lines)
    assert totals(found) == {"gpt-4o": looped(registry, book, "gpt-4o", [(line, 0) for line in lines], Workload(DAY))}


def test_partials_are_merged_in_any_order_and_survive_the_journal(
    tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """Sums do not depend on the order of shards, and a partial that was written down is the same when read."""
    paths = [str(as_jsonl(tmp_path / "a.jsonl")), str(as_parquet(tmp_path / "a.parquet"))]
    one, other = (estimate_corpus([path], MODELS, Workload(DAY), registry=registry, book=book).total for path in paths)
    assert merge_partials([one, other]) == merge_partials([other, one])
    assert merge_partials([one, Partial()]) == one
    assert from_json(json.loads(json.dumps(to_json(one)))) == one


def test_shards_are_named_by_their_content(tmp_path: Path) -> None:
    """The same file gives the same shards; a changed one gives others."""
    path = as_jsonl(tmp_path / "a.jsonl")
    ids = [
        [shard.id for shard in plan_shards(find_sources([str(path)]).sources, ReadOptions(), 2).shards]
        for _ in range(2)
    ]
    assert ids[0] == ids[1]
    path.write_text(path.read_text(encoding="utf-8") + '{"text": "more"}\n', encoding="utf-8")
    assert [shard.id for shard in plan_shards(find_sources([str(path)]).sources, ReadOptions(), 2).shards] != ids[0]


def test_a_model_without_count_or_price_has_a_reason_and_no_number(
    tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """What is not known is null with a sentence, never zero."""
    path = as_jsonl(tmp_path / "a.jsonl")
    models = ["titan-text-lite-v1", "llama-3.2-1b"]
    found = estimate_corpus([str(path)], models, Workload(DAY), registry=registry, book=book)
    closed, unpriced = found.models
    assert (closed.input_tokens, closed.usd, bool(closed.reason)) == (None, None, True)
    assert (unpriced.usd, unpriced.reason) == (None, "no price of llama-3.2-1b is known")
    assert unpriced.input_tokens
