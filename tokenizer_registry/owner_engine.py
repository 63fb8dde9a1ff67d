"""The library that a vocabulary's owner cuts with: the reference for every other."""

from tokenizer_registry.backends.huggingface import HuggingFaceEngine
from tokenizer_registry.backends.sentencepiece import SentencePieceEngine
from tokenizer_registry.backends.tiktoken import TiktokenEngine
from tokenizer_registry.normalization import normalizer
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format
from tokenizer_registry.vocabulary import OwnerEngine


def owner_engine(name: str, form: Format, content: bytes, pattern: str | None, normal_form: str | None) -> OwnerEngine:
    """The engine for unpacked content of this format. Raises whatever its library raises on content it cannot read."""
    match form:
        case Format.TIKTOKEN:
            normalize = normalizer(normal_form) if normal_form else None
            return TiktokenEngine(name, parse_ranks(content), pattern or "", normalize)
        case Format.SENTENCEPIECE:
            return SentencePieceEngine(content)
        case Format.HUGGINGFACE:
            return HuggingFaceEngine(content)
