"""Count texts with one library and print its speed as JSON: `python -m bench.one_tokenizer LIBRARY VOCABULARY FILE`.

A script of its own, for the environment of each library. Standard input has the texts by kind, `[warm, fresh]` each as
JSON; FILE is the unpacked vocabulary, for the libraries that read one. The output has MB/s and the number of tokens by
kind: each fresh text is counted once.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

OURS = "weighbridge"
# By the library: the names that it has for vocabularies. It counts with no others.
NAMES = {
    "gigatoken": {"o200k_base": "o200k", "cl100k_base": "cl100k", "qwen2": "qwen2", "llama-2": "", "gemma-3": ""},
    "quicktok": {"o200k_base": "o200k_base", "cl100k_base": "cl100k_base", "qwen2": "qwen3"},
    "splintr": {"o200k_base": "o200k_base", "cl100k_base": "cl100k_base", "qwen2": "qwen2"},
}


def counter(library: str, vocabulary: str, file: str) -> Callable[[str], int]:
    """Return a function from a text to its number of tokens."""
    if library == OURS:
        from tokenizer_registry import Registry

        return Registry.from_package().vocabulary(vocabulary).count
    return {"gigatoken": _gigatoken, "quicktok": _quicktok, "splintr": _splintr}[library](
        NAMES[library][vocabulary], file
    )


def gigatoken(pre_tokenizer: str, file: str) -> Any:
    """Return gigatoken's tokenizer of an unpacked vocabulary."""
    tokenizer = import_module("gigatoken").Tokenizer
    if pre_tokenizer:
        return tokenizer.from_tiktoken(file, pretokenizer=pre_tokenizer, special_tokens={})
    return tokenizer.from_sentencepiece(file)


def _gigatoken(pre_tokenizer: str, file: str) -> Callable[[str], int]:
    made = gigatoken(pre_tokenizer, file)
    return lambda text: len(made.encode(text))


def _quicktok(name: str, _: str) -> Callable[[str], int]:
    counted: Callable[[str], int] = import_module("quicktok").get_encoding(name).count
    return counted


def _splintr(name: str, _: str) -> Callable[[str], int]:
    made = import_module("splintr").Tokenizer.from_pretrained(name)
    return lambda text: len(made.encode_ordinary(text))


def measured(count: Callable[[str], int], warm: list[str], fresh: list[str]) -> tuple[float, int]:
    """Return the speed in millions of UTF-8 bytes per second over all fresh texts, and their tokens."""
    for text in warm:
        count(text)
    started = time.perf_counter()
    tokens = sum(map(count, fresh))
    seconds = time.perf_counter() - started
    return sum(len(text.encode()) for text in fresh) / seconds / 1e6, tokens


if __name__ == "__main__":
    CHOSEN = counter(*sys.argv[1:4])
    json.dump({kind: measured(CHOSEN, *texts) for kind, texts in json.load(sys.stdin).items()}, sys.stdout)
