"""Counting of delivered text, for its charge."""

import pytest

from service.gateway.prepared_call import BLOCK_CHARACTERS, PromptCounter
from service.http.context import InFlight
from service.tokens.counting_pool import CountingPool, TextLimits
from tokenizer_registry import Registry, Vocabulary

VOCABULARY = "o200k_base"
WORDS = 20_000


class Narrow(Registry):
    """The shipped registry, with too little memory for long texts."""

    def __init__(self) -> None:
        shipped = Registry.from_package()
        super().__init__(shipped.models.values(), shipped.vocabularies.values(), shipped.vocabularies_folder)

    def vocabulary(self, name: str) -> Vocabulary:
        """Return a vocabulary whose count raises MemoryError for a long text."""
        found = super().vocabulary(name)

        class Counting:
            def count(self, text: str) -> int:
                if len(text) > BLOCK_CHARACTERS:
                    raise MemoryError
                return found.count(text)

        return Counting()  # type: ignore[return-value]  # all that the counting pool calls


@pytest.mark.anyio
async def test_delivered_text_is_counted_in_blocks_where_there_is_no_memory_for_the_whole() -> None:
    """The charge is the count of the text and at most one token more for each block, not the number of its bytes."""
    pool = CountingPool(Narrow(), TextLimits(100, 100), InFlight(1), threads=1)
    text = "word " * WORDS
    counted = await PromptCounter(pool, VOCABULARY, None).count_output([text, "tail"], "account")
    whole = Registry.from_package().vocabulary(VOCABULARY).count(text) + 1
    assert whole <= counted <= whole + len(text) // BLOCK_CHARACTERS + 1
    pool.close()
