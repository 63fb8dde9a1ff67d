"""Which counts run on the event loop, and which in a thread."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from service.http.context import InFlight
from service.tokens.counting_pool import CountingPool, TextLimits
from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry import Count, Model, Registry, Vocabulary
from tokenizer_registry.vocabulary_files import Fetchable, LicenceClass

LIMITS = TextLimits(900_000, 4_000_000)
MODELS = (
    Model("a", "A", "A", "r50k_base"),
    Model("b", "B", "B", "bert-uncased"),
    Model("c", "C", "C", "elsewhere"),
)


class Watched(Registry):
    """A registry that records in which threads it loads and counts."""

    def __init__(self) -> None:
        absent = Fetchable("elsewhere", "none", LicenceClass.UNKNOWN)
        super().__init__(MODELS, shipped_specs(), Path(VOCABULARIES), fetchable=[absent])
        self.loaded_in: list[str] = []
        self.counted_in: list[str] = []

    def vocabulary(self, name: str) -> Vocabulary:
        self.loaded_in.append(threading.current_thread().name)
        return super().vocabulary(name)

    def count(self, text: str, models: Sequence[str], estimate: bool = False) -> list[Count]:
        self.counted_in.append(threading.current_thread().name)
        return super().count(text, models, estimate)


@pytest.mark.anyio
async def test_nothing_is_loaded_on_the_event_loop() -> None:
    """The first count of a short text loads its vocabulary in a thread; the next runs on the event loop."""
    registry = Watched()
    pool = CountingPool(registry, LIMITS, InFlight(64_000_000), threads=1)
    here = threading.current_thread().name
    for _ in range(2):
        assert await pool.count("weighbridge", ["a"]) == [Count(3, "r50k_base", "exact")]
    pool.close()
    assert registry.loaded_in[0] != here
    assert registry.counted_in[0] != here
    assert registry.counted_in[1] == here


@pytest.mark.anyio
async def test_slow_libraries_get_shorter_texts_inline() -> None:
    """A text that is counted inline with tiktoken is counted in a thread with the slower `tokenizers`."""
    registry = Watched()
    registry.preload(["r50k_base", "bert-uncased"])
    pool = CountingPool(registry, LIMITS, InFlight(64_000_000), threads=1)
    here = threading.current_thread().name
    for models, inline in ((["a"], True), (["b"], False), (["c"], True)):
        await pool.count("word " * 300, models)
        assert (registry.counted_in[-1] == here) is inline, models
    pool.close()
