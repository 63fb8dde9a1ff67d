"""Count texts in concurrent threads, and in one: `python -m ... THREADS`. Print how many counts were equal.

The words are such that the C library leaves them to Python's normalizers, and each thread waits there until all have
come so far: then each of them has one count under way, and begins another one.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

from tokenizer_registry.native.counter_set import CounterSet, UnresolvedWord
from tokenizer_registry.native.layout import normal_form_of
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.registry import Registry

VOCABULARY = "qwen2"
SMALL_WORDS, LARGE_WORDS = 30, 6_000
PATIENCE_SECONDS = 60


class WaitingSet:
    """A vocabulary of the C library in which threads wait for each other at words that are left to Python."""

    def __init__(self, threads: int) -> None:
        packs, spec = Packs(), Registry.from_package().vocabularies[VOCABULARY]
        packed = packs.open(VOCABULARY, spec.sha256)
        self._counter_set = CounterSet(packs.characters())
        self._normalize: Callable[[str], str] = normalizer(normal_form_of(packed.content) or "")
        self._slot = self._counter_set.add(packed, has_words=True, count_words=self._count_words)
        self._together = threading.Barrier(threads)

    def count(self, text: str, normalized: int = 0) -> int:
        """Return the number of tokens of a text."""
        bit = 1 << self._slot
        return self._counter_set.count(text, bit, bit * normalized)[self._slot]

    def _count_words(self, words: Sequence[UnresolvedWord]) -> list[int]:
        self._together.wait(PATIENCE_SECONDS)
        return [self.count(self._normalize(word.text), 1) for word in words]


def text_of(number: int) -> str:
    """Return a text whose words are in no other text; for some threads a large one, whose count releases the GIL."""
    words = LARGE_WORDS if number % 16 == 0 else SMALL_WORDS
    return " ".join(f"w{number}x{word} e\u0301{number} x\u0327\u0301{number}z{word % 50}" for word in range(words))


def counts_in_threads(texts: Sequence[str]) -> list[int]:
    """Return the counts of the texts, each made in a thread of its own."""
    counter_set, found = WaitingSet(len(texts)), [0] * len(texts)

    def count(number: int) -> None:
        found[number] = counter_set.count(texts[number])

    threads = [threading.Thread(target=partial(count, number)) for number in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def main(threads: int) -> None:
    """Count in threads and alone, and print how many counts are equal."""
    texts = list(map(text_of, range(threads)))
    found = counts_in_threads(texts)
    alone = WaitingSet(1)
    equal = sum(one == other for one, other in zip(found, map(alone.count, texts), strict=True))
    sys.stdout.write(f"{equal} of {threads}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
