"""From a vocabulary's spec and file to the vocabulary, ready to count."""

from pathlib import Path

from tokenizer_registry.backends.huggingface import HuggingFaceEngine
from tokenizer_registry.backends.sentencepiece import SentencePieceEngine
from tokenizer_registry.backends.tiktoken import TiktokenEngine
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.packed import unpack
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format, VocabularySpec
from tokenizer_registry.vocabulary import Engine, GuardedVocabulary, Vocabulary


def load_vocabulary(spec: VocabularySpec, folder: Path) -> Vocabulary:
    """Read, check and build. Takes 0.1 to 1 s. Raises DamagedVocabulary."""
    return GuardedVocabulary(spec.name, _engine(spec, unpack(spec, folder)))


def _engine(spec: VocabularySpec, content: bytes) -> Engine:
    match spec.format:
        case Format.TIKTOKEN:
            normalize = normalizer(spec.normalizer) if spec.normalizer else None
            return TiktokenEngine(spec.name, parse_ranks(content), spec.pattern or "", normalize)
        case Format.SENTENCEPIECE:
            return SentencePieceEngine(content)
        case Format.HUGGINGFACE:
            return HuggingFaceEngine(content)
