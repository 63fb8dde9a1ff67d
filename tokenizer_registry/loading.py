"""From a vocabulary's spec and file to the vocabulary, ready to count."""

from pathlib import Path
from typing import Final

from tokenizer_registry.engines import Engines
from tokenizer_registry.spec import Format, VocabularySpec
from tokenizer_registry.vocabulary import GuardedVocabulary
from tokenizer_registry.word_engine import WordEngine
from tokenizer_registry.word_vocabulary import WordVocabulary

# Times as long as splintr takes for the same text, at worst.
EFFORT_OF_OWNERS: Final = {Format.TIKTOKEN: 5, Format.SENTENCEPIECE: 10, Format.HUGGINGFACE: 40}


def load_vocabulary(spec: VocabularySpec, folder: Path, engines: Engines) -> GuardedVocabulary:
    """Read, check and build. Takes 0.05 to 1 s. Raises DamagedVocabulary."""
    engine, owner, is_fast = engines.build(spec, folder)
    effort = 1 if is_fast else EFFORT_OF_OWNERS[spec.format]
    if isinstance(engine, WordEngine):
        return WordVocabulary(spec.name, engine, owner, effort)
    return GuardedVocabulary(spec.name, engine, owner, effort)
