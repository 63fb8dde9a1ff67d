"""Record in tests/data/vocabulary_vectors.json how many tokens each text of vocabulary_texts.json has.

    python -m scripts.record_vocabulary_vectors

Every shipped vocabulary's original file is read anew out of its pinned package and given, as its owner published it,
to the library that its owner publishes it for. Nothing of the backends and nothing packed takes part.
"""

import base64
import json
import runpy
import tempfile
from importlib.metadata import version
from pathlib import Path

import sentencepiece
import tiktoken
from tokenizers import Tokenizer, normalizers

from scripts.build_vocabularies import CACHE, say
from tokenizer_registry.building.originals import Original, read_original
from tokenizer_registry.building.packages import fetch, member
from tokenizer_registry.building.sources import Origin, Package, SourceKind, Sources, read_sources
from tokenizer_registry.vocabulary_files import VocabularyFormat

DATA = Path(__file__).parent.parent / "tests" / "data"
RWKV_MODULE = "rwkv/rwkv_tokenizer.py"


def main() -> None:
    """All shipped vocabularies; about two minutes."""
    texts = json.loads((DATA / "vocabulary_texts.json").read_text(encoding="utf-8"))
    sources = read_sources()
    rows = []
    for origin in sources.shipped:
        say(origin.name)
        package = sources.packages[origin.package]
        archive = fetch(package, CACHE, lambda line: None)
        original = read_original(origin, archive)
        vector = {
            "origin": f"{package.name} {package.version}, {origin.path}, sha256 {origin.sha256}",
            "library": _library(origin, original, package),
            "counts": _counts(origin, original, sources, archive, texts),
        }
        rows.append(f"{json.dumps(origin.name)}: {json.dumps(vector)}")
    (DATA / "vocabulary_vectors.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def _library(origin: Origin, original: Original, package: Package) -> str:
    if origin.kind is SourceKind.LONGEST_MATCH:
        return f"{package.name} {package.version}"
    name = "tokenizers" if original.document is not None else "tiktoken"
    name = "sentencepiece" if origin.packed_format is VocabularyFormat.SENTENCEPIECE else name
    return f"{name} {version(name)}"


def _counts(origin: Origin, original: Original, sources: Sources, archive: Path, texts: list[str]) -> list[int]:
    if origin.kind is SourceKind.LONGEST_MATCH:
        return _counts_of_trie(archive, original.content, texts)
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


def _counts_of_trie(archive: Path, content: bytes, texts: list[str]) -> list[int]:
    """Count with the tokenizer of RWKV's own package, of which no other module is loaded."""
    with tempfile.TemporaryDirectory() as folder:
        module, tokens = Path(folder, "owner.py"), Path(folder, "tokens.txt")
        module.write_bytes(member(archive, RWKV_MODULE))
        tokens.write_bytes(content)
        tokenizer = runpy.run_path(str(module))["TRIE_TOKENIZER"](str(tokens))
        return [len(tokenizer.encode(text)) for text in texts]


def _ranks(origin: Origin, original: Original) -> dict[bytes, int]:
    if origin.kind is SourceKind.TEKKEN:
        document = json.loads(original.content)
        size = document["config"]["default_vocab_size"] - document["config"]["default_num_special_tokens"]
        return {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in document["vocab"][:size]}
    lines = (line.split() for line in original.content.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


if __name__ == "__main__":
    main()
