"""Texts that end with characters that a normalizer removes or makes white space of."""

from random import Random

import pytest

from tests.tokenizer_registry.shipped import shared_registry
from tokenizer_registry import Registry

# Normalizers of their own, Unicode's normal forms, and none.
VOCABULARIES = ("xlm-roberta", "aya-101", "bert-uncased", "bert-multilingual-cased", "qwen2", "llama-2", "o200k_base")
CODES = (
    *(*range(1, 33), 0x7F, 0x80, 0x85, 0x8F, 0x9F, 0xA0, 0xAD, 0x301, 0x115F, 0x1680, 0x180E, 0x200B, 0x200C, 0x200D),
    *(0x2028, 0x2029, 0x202F, 0x2060, 0x3000, 0xFEFF, 0xFFF9, 0xFFFD, 0xE0001),
)
BEGINNINGS = ("", "a", "hello world", "1", "I.", "\u6f22", "\xe9", "x\n")


@pytest.fixture(scope="module")
def references() -> Registry:
    """Return the owners' libraries."""
    return Registry.from_package(fast=False)


@pytest.mark.parametrize("name", VOCABULARIES)
def test_what_is_removed_at_the_end_leaves_what_was_before_it(references: Registry, name: str) -> None:
    """Such as the space that a line feed becomes, whatever the text ends with."""
    odd, dice = list(map(chr, CODES)), Random(4)
    texts = [begin + white + end for begin in BEGINNINGS for white in ("", "\n", " ", "\r\n", " \n") for end in odd]
    texts += [dice.choice(BEGINNINGS) + "".join(dice.choices(odd, k=dice.randrange(2, 5))) for _ in range(500)]
    expected = references.vocabulary(name).count_batch(texts)
    counter = shared_registry().vocabulary(name)
    alone = [counter.count(text) for text in texts]
    for found in (alone, counter.count_batch(texts)):
        assert [
            (text, count) for text, count, right in zip(texts, found, expected, strict=True) if count != right
        ] == []
