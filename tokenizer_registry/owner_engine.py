"""The library that a vocabulary's owner cuts with: the reference for every other."""

from tokenizer_registry.normalization import normalizer
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format
from tokenizer_registry.vocabulary import OwnerEngine


def owner_engine(name: str, form: Format, content: bytes, pattern: str | None, normal_form: str | None) -> OwnerEngine:
    """The engine for unpacked content of this format. Raises whatever its library raises on content it cannot read.

    A library is imported when it is needed: most processes count without any of them.
    """
    match form:
        case Format.TIKTOKEN:
            from tokenizer_registry.backends.tiktoken import TiktokenEngine

            normalize = normalizer(normal_form) if normal_form else None
            return TiktokenEngine(name, parse_ranks(content), pattern or "", normalize)
        case Format.SENTENCEPIECE:
            from tokenizer_registry.backends.sentencepiece import SentencePieceEngine

            return SentencePieceEngine(content)
        case Format.HUGGINGFACE:
            from tokenizer_registry.backends.huggingface import HuggingFaceEngine

            return HuggingFaceEngine(content)
