"""What a vocabulary's content says, in the terms of the C library: a method and the tables that it needs."""

import json
from collections.abc import Sequence

from tokenizer_registry.native.documents import document_tables
from tokenizer_registry.native.form import BAR, Method, Section, Tables, added_sections, flag_of, numbers
from tokenizer_registry.native.joints import joints
from tokenizer_registry.native.models import PieceKind, read_model
from tokenizer_registry.native.splits import rank_splits
from tokenizer_registry.native.tables import ascii_pairs, strings
from tokenizer_registry.ranks import parse_ranks
from tokenizer_registry.spec import Format, VocabularySpec


def tables_of(spec: VocabularySpec, content: bytes) -> Tables:
    """The tables for unpacked content. Raises ValueError where the C library does not know the vocabulary's ways."""
    match spec.format:
        case Format.TIKTOKEN:
            return _ranks(content, spec.pattern or "", spec.normalizer)
        case Format.SENTENCEPIECE:
            return _model(content)
        case Format.HUGGINGFACE:
            return document_tables(json.loads(content))


def _ranks(content: bytes, pattern: str, form: str | None) -> Tables:
    ranks = parse_ranks(content)
    tokens = [token for token in sorted(ranks, key=ranks.__getitem__) if token]
    sections = {Section.TOKENS: strings(tokens), Section.ASCII_PAIRS: ascii_pairs(tokens)}
    return Tables(Method.BYTES_BY_RANK, sections, splits=rank_splits(pattern), plain=flag_of(form))


def _model(content: bytes) -> Tables:
    """A SentencePiece model that merges pieces. Its user-defined pieces are tokens wherever they stand."""
    model = read_model(content)
    if not model.is_merging or not model.has_byte_fallback or model.changes_text:
        raise ValueError("only models that merge, fall back to bytes and do not normalize are known")
    merged = sorted((piece for piece in model.pieces if piece.kind in PieceKind.matched()), key=lambda one: -one.score)
    known = {piece.text for piece in merged}
    singles = [piece for piece in model.pieces if len(piece.text) == 1 and piece.text not in known]
    texts = [piece.text.encode() for piece in (*merged, *singles)]
    tables = Tables(
        Method.PIECES_BY_RANK,
        {Section.TOKENS: strings(texts)},
        puts_space_first=model.puts_space_first,
        candidates=texts,
    )
    ranks = _ranks_of([piece.score for piece in merged])
    tables.sections |= {Section.RANKS: numbers(ranks)} if ranks else {}
    tables.sections[Section.ASCII_PAIRS] = ascii_pairs(texts, ranks)
    tables.sections[Section.JOINTS] = strings(joints(text.replace(BAR, b" ") for text in texts))
    tables.sections |= added_sections([piece.text for piece in merged if piece.kind is PieceKind.USER_DEFINED])
    return tables


def _ranks_of(scores: Sequence[float]) -> list[int]:
    """The ranks of scores in falling order; none if they are their places. Equal scores have one rank."""
    starts = {score: place for place, score in reversed(list(enumerate(scores)))}
    return [] if len(starts) == len(scores) else [starts[score] for score in scores]
