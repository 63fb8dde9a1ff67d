"""One vocabulary, counted by its engine in every way the service does, and by its owner's library."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.engine_equality.kept import KeptCounts
from tokenizer_registry.engines import Engines, load_vocabulary
from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.native.batch_counter import BatchCounter, NativeVocabulary
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import VocabularyFormat, unpack

BATCH = 256
# One whose words are none of any other's, and so many that the words of all are looked up together.
OTHERS = ("bert-uncased", "r50k_base", "cl100k_base", "starcoder", "tekken")


class Difference(NamedTuple):
    """A text that an engine miscounts. `way`: for this vocabulary alone, or together with others."""

    text: str
    way: str
    found: int
    expected: int


class Comparison:
    """Compares counts of one vocabulary of a registry; the reference's are kept in a folder if one is given."""

    def __init__(self, registry: Registry, name: str, kept: Path | None = None) -> None:
        spec = registry.vocabularies[name]
        self.content = unpack(spec, registry.folder_of(name))
        self.form = spec.format
        self.vocabulary = registry.vocabulary(name)
        self.batch_counter = BatchCounter({other: registry.vocabulary(other) for other in (name, *OTHERS)})
        reference = load_vocabulary(spec, registry.folder_of(name), Engines({}))
        self.reference = KeptCounts(reference.count_batch, kept, spec.sha256)

    def differences(self, texts: Iterable[str]) -> Iterator[Difference]:
        """Every text that is counted otherwise than by the reference."""
        batch: list[str] = []
        for text in texts:
            batch.append(text)
            if len(batch) == BATCH:
                yield from self._differences(batch)
                batch = []
        yield from self._differences(batch)

    def tokens(self) -> list[str]:
        """Tokens of the vocabulary that are text; a few thousand."""
        if self.form is not VocabularyFormat.TIKTOKEN:
            return []
        texts = [token.decode("utf-8", "ignore") for token in parse_ranks(self.content)]
        return [text for text in texts[:: max(1, len(texts) // 4_000)] if text]

    def _differences(self, texts: list[str]) -> Iterator[Difference]:
        expected = self.reference.count_batch(texts)
        alone = [self.vocabulary.count(text) for text in texts]
        yield from self._unlike(texts, "alone", alone, expected)
        if isinstance(self.vocabulary, NativeVocabulary):
            place = self.batch_counter.names.index(self.vocabulary.name)
            together = [self.batch_counter.count(text)[place] for text in texts]
            yield from self._unlike(texts, "together", together, expected)

    def _unlike(self, texts: list[str], way: str, found: list[int], expected: list[int]) -> Iterator[Difference]:
        for text, one, other in zip(texts, found, expected, strict=True):
            if one != other:
                yield Difference(text, way, one, other)
