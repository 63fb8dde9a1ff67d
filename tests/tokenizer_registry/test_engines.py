"""The engines that count, against the owners' libraries. `make verify-engines` does the same at full size."""

import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine_equality.comparison import Comparison
from tests.engine_equality.fuzz import fuzzed_texts
from tests.engine_equality.texts import fixed_texts, generated_texts
from tests.tokenizer_registry.shipped import (
    PACKAGE,
    VOCABULARIES,
    rank_names,
    shared_registry,
    shipped_names,
    shipped_specs,
)
from tokenizer_registry.engines import Engines, EngineSpec, Library, read_engines
from tokenizer_registry.errors import UncountableText
from tokenizer_registry.loading import load_vocabulary
from tokenizer_registry.packed import unpack
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.registry import Registry
from tokenizer_registry.words import WORDS_KEPT, WordTable, blocks

FUZZED = 120
GENERATED_BYTES = 12_000
ROWS = read_engines(PACKAGE)
# A character that may end a word, and the space that a text is cut at.
ACROSS = re.compile(r"""[\w,.;:!?)\]}'"] """)


@pytest.mark.parametrize("name", shipped_names())
def test_an_engine_counts_like_its_reference(fast: Registry, name: str) -> None:
    """Alone and cut into words, texts of many kinds get the reference's counts."""
    comparison = Comparison(fast, name)
    texts = [*fixed_texts(), *fuzzed_texts(3, FUZZED, comparison.tokens()), *generated_texts(4, GENERATED_BYTES)]
    assert list(comparison.differences(texts)) == []


def test_a_count_for_many_models_is_the_count_for_each(fast: Registry) -> None:
    """One text for the whole catalogue gets, for each model, what that model gets alone."""
    text = " ".join(generated_texts(5, 50_000))
    models = list(fast.models)
    together = dict(zip(models, fast.count(text, models), strict=True))
    for name in models[::25]:
        assert fast.count(text, [name]) == [together[name]]


def test_engines_are_of_the_vocabularies_that_are_shipped() -> None:
    """Each row of engines.toml is of a shipped vocabulary and of its very bytes."""
    digests = {spec.name: spec.sha256 for spec in shipped_specs()}
    assert {name: row.sha256 for name, row in ROWS.items()}.items() <= digests.items()


@pytest.mark.parametrize("name", [name for name in rank_names() if ROWS[name].has_words])
def test_no_token_reaches_across_a_cut(name: str) -> None:
    """No token of a vocabulary with words has a space behind what may end a word."""
    spec = shared_registry().vocabularies[name]
    for token in parse_ranks(unpack(spec, VOCABULARIES)):
        assert not ACROSS.search(token.decode("utf-8", "replace")), token


@pytest.mark.parametrize("name", ["aya-101", "xlm-roberta"])
def test_a_text_is_not_cut_inside_of_a_grapheme(fast: Registry, name: str) -> None:
    """A joiner or a mark behind a space counts as the owner's library counts it."""
    text = "中 \u200d\u0301 a \u0e33 b \uff9e"
    assert fast.vocabulary(name).count(text) == shared_registry().vocabulary(name).count(text)


def test_a_missing_package_is_told_once_and_the_reference_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the fast library every vocabulary counts all the same, and one line of the log says so."""
    monkeypatch.setitem(sys.modules, "splintr", None)
    monkeypatch.delitem(sys.modules, "tokenizer_registry.backends.splintr", raising=False)
    monkeypatch.delattr("tokenizer_registry.backends.splintr", raising=False)
    registry = Registry.from_package()
    with caplog.at_level(logging.WARNING):
        assert registry.vocabulary("r50k_base").count("weighbridge") == 3
        assert registry.vocabulary("starcoder").count("weighbridge") == 3
    assert [record.message for record in caplog.records] == [
        "fast engine not in use: the package splintr-rs cannot be imported; the owners' libraries serve"
    ]


def test_an_engine_that_miscounts_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """An engine whose counts of the probe texts are not the recorded ones gives way to the reference."""
    spec = next(spec for spec in shipped_specs() if spec.name == "llama-3")
    rows = {"llama-3": EngineSpec("llama-3", spec.sha256, Library.SPLINTR, pattern=".")}
    vocabulary = load_vocabulary(spec, VOCABULARIES, Engines(rows))
    assert vocabulary.count("weighbridge") == shared_registry().vocabulary("llama-3").count("weighbridge")
    assert "splintr miscounts the probe texts of llama-3" in caplog.text


FORKED = """
import os, sys
from tokenizer_registry import Registry
registry = Registry.from_package()
registry.vocabulary("phi-2").count("loaded before the fork")
if os.fork() == 0:
    print(*(registry.vocabulary(name).count("weighbridge") for name in ("phi-2", "gpt-neox")), flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_forked_worker_counts_with_what_it_loads_later() -> None:
    """A worker that is forked after an engine was loaded counts with that engine, and with vocabularies new to it."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    expected = [shared_registry().vocabulary(name).count("weighbridge") for name in ("phi-2", "gpt-neox")]
    assert done.returncode == 0, done.stderr
    assert list(map(int, done.stdout.split())) == expected
    assert "fast engine not in use" in done.stderr


def test_rare_characters_go_to_the_reference(fast: Registry) -> None:
    """A character that the engine knows otherwise than the owner's library is counted by the latter, once loaded."""
    rare = "a\U000323b5's"
    assert fast.vocabulary("kimi-k2").is_ready("plain, and ünlike")
    assert fast.vocabulary("kimi-k2").count(rare) == shared_registry().vocabulary("kimi-k2").count(rare)
    assert fast.vocabulary("kimi-k2").is_ready(rare)


def test_lone_surrogates_are_refused_for_many_vocabularies(fast: Registry) -> None:
    """A text that no vocabulary can count is refused however many are asked."""
    with pytest.raises(UncountableText, match="U\\+D800"):
        fast.count("a\ud800", ["gpt-4o", "gpt-4", "llama-3.1-8b"])


def test_blocks_are_the_text() -> None:
    """Nothing is lost where a long text is divided, and each later block begins with the space it is cut at."""
    text = " ".join(generated_texts(6, 400_000))
    found = list(blocks(text))
    assert len(found) > 3
    assert "".join(found) == text
    assert all(block.startswith(" ") and not block[1].isspace() for block in found[1:])


def test_a_full_table_begins_anew() -> None:
    """The table never holds more words than it may, and cuts like a new one afterwards."""
    table = WordTable()
    for number in range(WORDS_KEPT // 500 + 2):
        cut = table.cut(" ".join(f"w{number}x{place}" for place in range(500)), True)
        assert len(cut.words.texts) <= WORDS_KEPT
        assert [cut.words.texts[known] for known in cut.numbers] == [f"w{number}x{place}" for place in range(1, 500)]
    assert len(table.cut("a b", True).words.texts) < WORDS_KEPT
