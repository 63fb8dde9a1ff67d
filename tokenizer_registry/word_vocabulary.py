"""Counting one text for many vocabularies: it is cut into words once."""

from collections.abc import Mapping

from tokenizer_registry.vocabulary import GuardedVocabulary, Owner, Vocabulary, refuse_surrogates
from tokenizer_registry.word_engine import LARGE_BLOCK, WordEngine
from tokenizer_registry.words import Cut, WordTable, blocks


class WordVocabulary(GuardedVocabulary):
    """A vocabulary that also counts a block of a text that has been cut into words."""

    __slots__ = ("_count_block", "_count_cut")

    def __init__(self, name: str, engine: WordEngine, owner: Owner, effort: int) -> None:
        super().__init__(name, engine, owner, effort)
        self._count_cut = engine.count_cut
        self._count_block = engine.count_block

    def count_cut(self, cut: Cut) -> int:
        """The number of tokens of a block without lone surrogates. Raises UncountableText."""
        return self._guarded(self._count_cut, cut)

    def count_block(self, block: str, opens: bool) -> int:
        """The same for a block that is too large to be cut."""
        return self._guarded(lambda text: self._count_block(text, opens), block)


def count_for_all(text: str, vocabularies: Mapping[str, Vocabulary], table: WordTable) -> dict[str, int]:
    """The number of tokens for each vocabulary, by its name. Raises UncountableText."""
    words = {name: found for name, found in vocabularies.items() if isinstance(found, WordVocabulary)}
    if len(words) < 2:
        return {name: found.count(text) for name, found in vocabularies.items()}
    refuse_surrogates(text)
    totals = dict.fromkeys(vocabularies, 0)
    for number, block in enumerate(blocks(text)):
        if len(block) > LARGE_BLOCK:
            for name, found in words.items():
                totals[name] += found.count_block(block, number == 0)
            continue
        cut = table.cut(block, number == 0)
        for name, found in words.items():
            totals[name] += found.count_cut(cut)
    return totals | {name: found.count(text) for name, found in vocabularies.items() if name not in words}
