"""Texts of more than 4 GiB: refused, never counted modulo 2^32."""

import ctypes
import os
from collections.abc import Callable

import pytest

from tests.tokenizer_registry.lazy_text import lazy_text
from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.native.library import TEXT_TOO_LONG, library
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.vocabulary import MAX_TEXT_BYTES

# One with cached words, one whose words are pieces, and one with a normalizer of its own.
VOCABULARIES = ("o200k_base", "llama-2", "bert-uncased")
FULL_SIZE = "LONG_TEXTS" in os.environ


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Return the registry of the package."""
    return Registry.from_package()


@pytest.mark.parametrize("excess", [1, 64 + 5, 2**31])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_a_text_over_the_limit_is_refused_by_name_of_the_limit(
    registry: Registry, vocabulary: str, excess: int
) -> None:
    """Every way of counting and splitting refuses the text before reading it, which would take gigabytes."""
    text = lazy_text(MAX_TEXT_BYTES + excess)
    model = next(model.name for model in registry.models.values() if model.vocabulary == vocabulary)
    counter = registry.vocabulary(vocabulary)
    ways: list[Callable[[], object]] = [
        lambda: registry.count(text, [model]),
        lambda: counter.count(text),
        lambda: counter.count_batch(["a", text]),
        lambda: counter.encode(text),
        lambda: counter.tokens(text),
    ]
    for way in ways:
        with pytest.raises(UncountableText, match="4,294,967,232 bytes"):
            way()


def test_the_owners_library_refuses_what_its_places_do_not_fit(registry: Registry) -> None:
    """SentencePiece keeps positions as int, so its limit is lower, and is named."""
    with pytest.raises(UncountableText, match="536,870,911 characters"):
        registry.vocabulary("llama-2").encode(lazy_text(2**29))


@pytest.mark.parametrize("length", [MAX_TEXT_BYTES + 1, 2**32, 2**32 + 5, 2**40])
def test_the_c_library_takes_lengths_whole(length: int) -> None:
    """A text whose length, in 32 bits, would be five bytes is refused by every function, and not read."""
    called = library()
    counter_set = called.weighbridge_counter_set(Packs().characters().address)
    owner = library(frees_gil=False).weighbridge_own_set(counter_set)
    totals, left = (ctypes.c_uint64 * 64)(), ctypes.c_void_p()
    assert called.weighbridge_count(counter_set, b"hello", length, 1, 0, totals, 0, ctypes.byref(left)) == TEXT_TOO_LONG
    assert not any(totals)
    del owner


@pytest.mark.skipif(not FULL_SIZE, reason="LONG_TEXTS is not set: takes 9 GB of memory")
def test_the_longest_text_is_counted_whole(registry: Registry) -> None:
    """A text of as many words as the limit allows is counted completely."""
    words = MAX_TEXT_BYTES // 2
    text = " a" * words
    assert registry.vocabulary("o200k_base").count(text) == words
