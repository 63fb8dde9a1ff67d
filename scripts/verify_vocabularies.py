"""Prove the packed vocabularies: rebuilt from their sources they have the same bytes, and they cut as the owners do.

    python -m scripts.verify_vocabularies [--cache FOLDER] [NAME ...]

For each shipped vocabulary: the packed file and its row are built anew from the pinned package and compared byte for
byte; 5 MB of mixed text are cut and compared with the reference library, piece by piece; and where llama.cpp ships
texts with their tokens, the texts have as many tokens.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.build_vocabularies import CACHE, ROOT, say
from tokenizer_registry import Registry
from tokenizer_registry.building.build import build, engine_for
from tokenizer_registry.building.originals import read_original, shipped_content
from tokenizer_registry.building.packages import fetch, member
from tokenizer_registry.building.sources import Origin, Sources, read_sources
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.references import reference_counter
from tokenizer_registry.vocabulary_files import unpack

PACKAGE = ROOT / "tokenizer_registry"
TEXT_BYTES = 5_000_000
SEED = 3
VECTORS_PACKAGE = "llama-cpp-python"
VECTORS = "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-{name}.gguf"
BETWEEN = "\n__ggml_vocab_test__\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 if anything differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    sources = read_sources()
    origins = [origin for origin in sources.shipped if not options.names or origin.name in options.names]
    failed = 0
    for number, origin in enumerate(origins, start=1):
        say(f"[{number}/{len(origins)}] {origin.name}")
        for fault in _faults(origin, sources, options.cache):
            failed += 1
            say(f"FAILED {origin.name}: {fault}")
    say(f"{len(origins)} vocabularies, {failed} faults")
    return 1 if failed else 0


def _faults(origin: Origin, sources: Sources, cache: Path) -> Iterator[str]:
    yield from _bytes(origin, sources, cache)
    yield from _reference(origin)
    yield from _vectors(origin, sources, cache)


def _bytes(origin: Origin, sources: Sources, cache: Path) -> Iterator[str]:
    built = build(origin, sources, cache, lambda line: None)
    packed = (PACKAGE / "vocabularies" / built.file).read_bytes()
    if packed != built.packed:
        yield f"{built.file} has sha256 {hashlib.sha256(packed).hexdigest()}, rebuilt it has other bytes"
    if built.row not in (PACKAGE / "vocabularies.toml").read_text(encoding="utf-8"):
        yield "its row of vocabularies.toml is not the rebuilt one"


def _reference(origin: Origin) -> Iterator[str]:
    registry = Registry.from_package()
    spec = registry.vocabularies[origin.name]
    vocabulary = registry.vocabulary(origin.name)
    pieces = list(corpus(SEED, TEXT_BYTES))
    expected = reference_counter(spec, unpack(spec, registry.vocabularies_folder))(pieces)
    different = [place for place, piece in enumerate(pieces) if vocabulary.count(piece) != expected[place]]
    if different:
        yield f"{len(different)} of {len(pieces)} pieces differ from the reference, first {different[0]}"


def _vectors(origin: Origin, sources: Sources, cache: Path) -> Iterator[str]:
    if not origin.vectors:
        return
    archive = fetch(sources.packages[VECTORS_PACKAGE], cache, lambda line: None)
    original = read_original(origin, fetch(sources.packages[origin.package], cache, lambda line: None))
    engine = engine_for(origin, sources, shipped_content(origin, original))
    for name in origin.vectors:
        path = VECTORS.format(name=name)
        texts = member(archive, f"{path}.inp").decode("utf-8").split(BETWEEN)
        tokens = [[int(number) for number in line.split()] for line in member(archive, f"{path}.out").splitlines()]
        pairs = list(zip(texts, tokens, strict=False))
        wrong = [text for text, expected in pairs if len(engine.encode(text)) != len(expected)]
        say(f"  llama.cpp {name}: {len(pairs) - len(wrong)} of {len(pairs)} texts agree")
        if wrong:
            yield f"llama.cpp's {name}: {len(wrong)} of {len(pairs)} texts differ, first {wrong[0][:40]!r}"


if __name__ == "__main__":
    sys.exit(main())
