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
    content = unpack(spec, folder)
    return GuardedVocabulary(spec.name, engine_of(spec.name, spec.format, content, spec.pattern, spec.normalizer))


def engine_of(name: str, form: Format, content: bytes, pattern: str | None, normal_form: str | None) -> Engine:
    """The engine for unpacked content of this format. Raises whatever its library raises on content it cannot read."""
    match form:
        case Format.TIKTOKEN:
            normalize = normalizer(normal_form) if normal_form else None
            return TiktokenEngine(name, parse_ranks(content), pattern or "", normalize)
        case Format.SENTENCEPIECE:
            return SentencePieceEngine(content)
        case Format.HUGGINGFACE:
            return HuggingFaceEngine(content)
