"""What a vocabulary's content says, in the terms of the C library: a method and the tables that it needs."""

import json
from functools import cache
from pathlib import Path
from typing import Final

from tokenizer_registry.formats import parse_ranks
from tokenizer_registry.native.borders import border_section
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.digests import digest, digest_of
from tokenizer_registry.native.documents import document_tables
from tokenizer_registry.native.layout import Method, PackedSection, Tables, flag_of
from tokenizer_registry.native.longest_match import longest_match_tables
from tokenizer_registry.native.pre_tokenizers import rank_splits
from tokenizer_registry.native.sentencepiece import merge_tables, read_model
from tokenizer_registry.native.sentencepiece_unigrams import unigram_tables
from tokenizer_registry.native.tables import ascii_pairs, strings
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec

PACKAGE: Final = Path(__file__).parents[1]
# What decides on the content of a packed vocabulary, beside this folder's modules and the vocabulary itself.
CODE: Final = tuple(
    PACKAGE / name for name in ("native/characters.json", "engines.toml", "formats.py", "vocabulary_files.py")
)


def origin_of(spec: VocabularySpec) -> str:
    """Return one text for the code and the vocabulary that a packed file is made from."""
    content = f"{spec.format} {spec.pattern} {spec.normalizer} {spec.sha256}"
    return f"{_code()} {digest(content.encode())}"


@cache
def _code() -> str:
    return digest_of([*sorted(PACKAGE.glob("native/*.py")), *CODE])


def tables_of(spec: VocabularySpec, content: bytes) -> Tables:
    """The tables for unpacked content. Raises ValueError where the C library does not know the vocabulary's ways."""
    match spec.format:
        case VocabularyFormat.TIKTOKEN:
            return _ranks(content, spec.pattern or "", spec.normalizer)
        case VocabularyFormat.SENTENCEPIECE:
            model = read_model(content)
            return merge_tables(model) if model.is_merging else unigram_tables(model)
        case VocabularyFormat.HUGGINGFACE:
            return document_tables(json.loads(content))
        case VocabularyFormat.LONGEST_MATCH:
            return longest_match_tables(content)


def _ranks(content: bytes, pattern: str, form: str | None) -> Tables:
    ranks = parse_ranks(content)
    tokens = [token for token in sorted(ranks, key=ranks.__getitem__) if token]
    sections = {
        PackedSection.TOKENS: strings(tokens),
        PackedSection.ASCII_PAIRS: ascii_pairs(tokens),
        PackedSection.BORDERS: border_section(pattern, read_characters()),
    }
    return Tables(Method.BYTE_BPE, sections, splits=rank_splits(pattern), plain=flag_of(form), ranked=tokens)
