"""Token ids that others published for the two cased vocabularies of BERT, whose pieces come from another library.

From Hugging Face's glossary and course (bert-base-cased), huggingface/transformers issue 3594 and
huggingface/sentence-transformers issue 182 (bert-base-multilingual-cased); their markers at both ends are left out.
"""

import pytest

from tokenizer_registry import Registry

PUBLISHED = [
    ("bert-cased", "A Titan RTX has 24GB of VRAM", "138 18696 155 1942 3190 1144 1572 13745 1104 159 9664 2107"),
    ("bert-cased", "Using a transformer network is simple", "7993 170 11303 1200 2443 1110 3014"),
    ("bert-multilingual-cased", "Hello, my dog is cute", "31178 117 15127 17835 10124 21610 10112"),
    ("bert-multilingual-cased", "hello, my dog is cute", "61694 10133 117 15127 17835 10124 21610 10112"),
    ("bert-multilingual-cased", "Hello, how are you?", "31178 117 14796 10301 13028 136"),
]


@pytest.mark.parametrize(("name", "text", "ids"), PUBLISHED)
def test_ids_are_those_that_were_published(registry: Registry, name: str, text: str, ids: str) -> None:
    """A piece that is missing or at another place in the list would change an id."""
    vocabulary = registry.vocabulary(name)
    assert list(vocabulary.encode(text)) == list(map(int, ids.split()))
    assert vocabulary.count(text) == len(ids.split())
