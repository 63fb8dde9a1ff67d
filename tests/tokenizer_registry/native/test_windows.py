"""Long pre-tokens, which are merged in windows: the counts of the owners' libraries."""

import random

import pytest

from tokenizer_registry import Registry

# Bytes and characters that merge, by ranks and by scores.
VOCABULARIES = ("o200k_base", "cl100k_base", "deepseek-v3", "qwen2", "llama-2", "gemma-3")
# Symbols of a window in the C library, and texts of whole windows, of some more and of a little less.
WINDOW = 4096
LENGTHS = (WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW - 512, 5 * WINDOW + 77)
# What the texts are made of: letters that merge to long tokens or hardly at all, and runs of one kind.
PIECES = {
    "letters": list("abcdefghijklmnopqrstuvwxyz"),
    "two letters": list("ab"),
    "one letter": ["a"],
    "a pattern": ["ab"],
    "frequent tokens": ["the", "er", "ing", "on", "st"],
    "signs": list("-=_*#"),
    "spaces": [" "],
    "ideographs": [chr(code) for code in range(0x4E00, 0x4F00)],
    "symbols of four bytes": [chr(code) for code in range(0x1F300, 0x1F340)],
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Return the registry of the package."""
    return Registry.from_package()


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("kind", PIECES)
def test_windows_change_no_count(registry: Registry, vocabulary: str, kind: str) -> None:
    """A text of one pre-token has as many tokens as the owner's library makes of it, wherever windows end."""
    counter = registry.vocabulary(vocabulary)
    chosen = random.Random(f"{vocabulary} {kind}").choices(PIECES[kind], k=max(LENGTHS))
    for length in LENGTHS:
        text = "".join(chosen)[:length]
        assert counter.count(text) == len(counter.encode(text)), length
