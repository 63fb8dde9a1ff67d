"""Engines, compared with the owners' libraries. `make verify-engines` does the same at full size."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

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
from tokenizer_registry.engines import Engines, EngineSpec, load_vocabulary, read_engines
from tokenizer_registry.errors import UncountableText
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.native.batch_counter import BatchCounter, NativeVocabulary
from tokenizer_registry.native.packed_files import FOLDER, INDEX, Packs
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import VocabularySpec, unpack

FUZZED = 120
GENERATED_BYTES = 12_000
ROWS = read_engines(PACKAGE)
# What may end a word, and the space that a text is cut at.
ENDS = set(""",.;:!?)]}'"_""")
NAME = "r50k_base"


@pytest.mark.parametrize("name", shipped_names())
def test_a_vocabulary_counts_like_its_reference(fast: Registry, name: str) -> None:
    """Texts of many kinds have the reference's counts, with one vocabulary and with two together."""
    comparison = Comparison(fast, name)
    texts = [*fixed_texts(), *fuzzed_texts(3, FUZZED, comparison.tokens()), *generated_texts(4, GENERATED_BYTES)]
    assert list(comparison.differences(texts)) == []


@pytest.mark.parametrize("name", list(ROWS))
def test_the_c_library_counts_what_the_table_says(fast: Registry, name: str) -> None:
    """The engine that is compared with the reference is not the reference itself."""
    assert isinstance(fast.vocabulary(name), NativeVocabulary)


def test_a_count_for_many_models_is_the_count_for_each(fast: Registry) -> None:
    """In a count for the whole catalogue each model gets the count that it gets alone."""
    text = " ".join(generated_texts(5, 50_000))
    models = list(fast.models)
    together = dict(zip(models, fast.count(text, models), strict=True))
    for name in models[::25]:
        assert fast.count(text, [name]) == [together[name]]


def test_threads_count_alike(fast: Registry) -> None:
    """Concurrent threads, each with words of its own, get the counts of a single thread."""
    texts = list(generated_texts(7, 200_000))
    models = ["gpt-4o", "claude-2.1", "llama-2-7b", "bge-m3"]
    expected = [fast.count(text, models) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda text: fast.count(text, models), texts * 3)) == expected * 3


def test_two_registries_do_not_share_words() -> None:
    """Cached words of one registry are not used for the vocabularies of another."""
    registries = [Registry.from_package(), Registry.from_package()]
    for order in (("llama-2", "o200k_base"), ("o200k_base", "llama-2")):
        for registry, name in zip(registries, order, strict=True):
            text = "one weighbridge weighs another weighbridge"
            assert registry.vocabulary(name).count(text) == shared_registry().vocabulary(name).count(text)


def test_rows_are_of_the_vocabularies_that_are_shipped() -> None:
    """Each row of engines.toml names a shipped vocabulary and its digest."""
    digests = {spec.name: spec.sha256 for spec in shipped_specs()}
    assert {name: row.sha256 for name, row in ROWS.items()}.items() <= digests.items()


@pytest.mark.parametrize("name", [name for name in rank_names() if ROWS[name].has_words])
def test_no_token_reaches_across_a_cut(name: str) -> None:
    """No token of a vocabulary with words has a space after a character that may end a word."""
    spec = shared_registry().vocabularies[name]
    for token in parse_ranks(unpack(spec, VOCABULARIES)):
        text = token.decode("utf-8", "replace")
        places = [at for at in range(1, len(text)) if text[at] == " "]
        assert not any(text[at - 1].isalnum() or text[at - 1] in ENDS for at in places), token


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("internlm-3", "كـ\nscale"),
        ("deepseek-v2", "the 4º 5"),
        ("deepseek-v2", "a \u0669 4"),
        ("deepseek-v2", "\u05e9 4"),
    ],
)
def test_a_text_is_not_cut_where_a_token_joins(fast: Registry, name: str, text: str) -> None:
    """A token that crosses the end of a word is found, also if other words of the text are cached."""
    batch_counter = BatchCounter({each: fast.vocabulary(each) for each in shipped_names()})
    for known in ("", "some words\nbefore ", "some words\nafter "):
        expected = shared_registry().vocabulary(name).count(known + text)
        assert fast.vocabulary(name).count(known + text) == expected
        assert batch_counter.count(known)
        assert batch_counter.count(known + text)[batch_counter.names.index(name)] == expected


@pytest.mark.parametrize("name", ["cl100k_base", "llama-2", "falcon", "internlm-2", "qwen2"])
def test_pieces_that_come_again_in_other_words(fast: Registry, name: str) -> None:
    """A piece counts the same in each new word around it, whether or not its length is cached."""
    dice = Random(11)
    pieces = ["".join(dice.choices("aeilnrst", k=length)) for length in range(1, 19) for _ in range(12)]
    for before, behind in (("(", "),"), ("_", "."), ('"', '":'), ("é", "é"), ("", "\u4e2d"), ("7", "7")):
        text = " ".join(f"{before}{piece}{behind}" for piece in pieces)
        assert fast.vocabulary(name).count(text) == shared_registry().vocabulary(name).count(text)


@pytest.mark.parametrize("name", ["aya-101", "xlm-roberta"])
def test_a_text_is_not_cut_inside_of_a_grapheme(fast: Registry, name: str) -> None:
    """A joiner or a mark after a space counts as in the owner's library."""
    text = "中 \u200d\u0301 a \u0e33 b \uff9e"
    assert fast.vocabulary(name).count(text) == shared_registry().vocabulary(name).count(text)


@pytest.mark.parametrize("name", ["aya-101", "xlm-roberta", "bert-uncased"])
def test_no_text_has_the_owners_library_loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words whose form depends on neighbours are counted without the owner's library, whose import takes a second."""
    texts = ("e\u0301te\u0301 \u0301noir", "a \u0301b か\u3099", "x \r\n\u0301 " * 200, "ก\u0e33" * 200)
    expected = list(map(shared_registry().vocabulary(name).count, texts))
    engine, _ = Engines(ROWS, Packs()).build(spec_of(name), VOCABULARIES)
    monkeypatch.setattr("tokenizer_registry.engines.unpack", None)
    assert list(map(engine.count, texts)) == expected


def test_words_in_the_owners_form_are_remembered(fast: Registry) -> None:
    """A word that the owner's normalizer changed gets the same count when it occurs again, anywhere."""
    vocabulary, owner = fast.vocabulary("xlm-roberta"), shared_registry().vocabulary("xlm-roberta")
    for text in (
        "e\u0301te\u0301 noir",
        "un e\u0301te\u0301 e\u0301te\u0301",
        "un e\u0301te\u0301 noir e\u0301te\u0301",
    ):
        assert vocabulary.count(text) == owner.count(text)


def test_a_library_that_was_not_built_is_told_once_and_the_references_serve(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the C library every vocabulary still counts, and one log line reports it."""
    engines = Engines(ROWS, Packs(tmp_path))
    with caplog.at_level(logging.WARNING):
        for name in (NAME, "starcoder"):
            assert load_vocabulary(spec_of(name), VOCABULARIES, engines).count("weighbridge") == 3
    assert [record.message for record in caplog.records] == [
        "the C library does not count: it was not built for this machine (in a checkout: `make native`); "
        "the owners' libraries serve"
    ]


def test_a_damaged_pack_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A packed vocabulary with one changed bit is refused by its name, and the reference is used."""
    (tmp_path / INDEX).write_bytes((FOLDER / INDEX).read_bytes())
    content = bytearray((FOLDER / NAME).read_bytes())
    content[-1000] ^= 1
    (tmp_path / NAME).write_bytes(content)
    vocabulary = load_vocabulary(spec_of(NAME), VOCABULARIES, Engines(ROWS, Packs(tmp_path)))
    assert vocabulary.count("weighbridge") == 3
    assert f"the packed file of {NAME} is damaged" in caplog.text


def test_a_vocabulary_that_is_miscounted_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    """If the counts of the probe texts are not the recorded ones, the reference is used."""
    spec = spec_of("llama-3")
    wrong = replace(spec, probe_counts=(1, 2, 3))
    vocabulary = load_vocabulary(wrong, VOCABULARIES, Engines({spec.name: EngineSpec(spec.name, spec.sha256)}, Packs()))
    assert not isinstance(vocabulary, NativeVocabulary)
    assert "miscounts the probe texts of llama-3" in caplog.text


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
    """A worker that is forked after a vocabulary was loaded counts with it, and with those that it loads later."""
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    expected = [shared_registry().vocabulary(name).count("weighbridge") for name in ("phi-2", "gpt-neox")]
    assert done.returncode == 0, done.stderr
    assert list(map(int, done.stdout.split())) == expected
    assert done.stderr == ""


def test_lone_surrogates_are_refused_for_many_vocabularies(fast: Registry) -> None:
    """A text with a lone surrogate is refused for any number of vocabularies."""
    with pytest.raises(UncountableText, match="U\\+D800"):
        fast.count("a\ud800", ["gpt-4o", "gpt-4", "llama-3.1-8b"])


def spec_of(name: str) -> VocabularySpec:
    """Return the specification of a shipped vocabulary."""
    return next(spec for spec in shipped_specs() if spec.name == name)
