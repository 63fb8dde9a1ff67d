"""Compile the C library and pack the vocabularies: `python -m tokenizer_registry.native.build [WHAT]`.

WHAT is `library`, `vocabularies` or, without it, both. To compile, it needs the packages of requirements/build.txt, one
of which is a C compiler. Only what has changed is built again.
"""

import json
import platform
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tokenizer_registry.engines import read_engines
from tokenizer_registry.native import compiler, library
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.digests import digest, digest_of
from tokenizer_registry.native.instruction_levels import levels_of
from tokenizer_registry.native.layout import packed
from tokenizer_registry.native.packed_files import CHARACTERS, FOLDER, INDEX
from tokenizer_registry.native.packing import PACKAGE, origin_of, tables_of
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.vocabulary_files import VocabularySpec, read_specs, unpack
from weighbridge_base.files import replace_file

# What each file was built from, beside the files. No part of a package: what is installed is not built again.
RECORD: Final = FOLDER.parent / "built.json"
LIBRARY: Final = "library"
VOCABULARIES: Final = "vocabularies"
# By the name of a file: the digest of what it was built from, and its own.
BuildRecord = dict[str, tuple[str, str]]


def main(what: str = "") -> None:
    """Build what is missing or was built from other sources, with a line for each step."""
    before = _recorded()
    FOLDER.mkdir(exist_ok=True)
    specs = {spec.name: spec for spec in read_specs(PACKAGE / "vocabularies.toml")}
    wanted = [specs[name] for name, row in read_engines(PACKAGE).items() if specs[name].sha256 == row.sha256]
    built = {LIBRARY: _built_before(before) if what == VOCABULARIES else _library(before.get(LIBRARY))}
    built[CHARACTERS] = ("", _write(CHARACTERS, read_characters().packed()))
    vocabularies = current_packs(wanted, before) if what == LIBRARY else packs(wanted, before)
    index = {CHARACTERS: (built[LIBRARY][1], built[CHARACTERS][1])}
    index |= {name: (specs[name].sha256, own) for name, (_, own) in vocabularies.items()}
    replace_file(FOLDER / INDEX, json.dumps(index).encode())
    replace_file(RECORD, json.dumps(built | vocabularies).encode())


def current_packs(specs: list[VocabularySpec], before: BuildRecord) -> BuildRecord:
    """Return what is recorded of the packed vocabularies that need not be packed again."""
    origins = {spec.name: origin_of(spec) for spec in specs}
    return {name: before[name] for name in origins if _is_current(FOLDER / name, origins[name], before.get(name))}


def packs(specs: list[VocabularySpec], before: BuildRecord) -> BuildRecord:
    """What each packed vocabulary was built from, and its digest, once all are there."""
    built = current_packs(specs, before)
    missing = [spec for spec in specs if spec.name not in built]
    with ProcessPoolExecutor(usable_processors()) as pool:
        for number, (spec, own) in enumerate(zip(missing, pool.map(_pack, missing), strict=True), start=1):
            built[spec.name] = (origin_of(spec), own)
            _say(f"packed {number} of {len(missing)}: {spec.name}")
    return built


def _library(before: tuple[str, str] | None) -> tuple[str, str]:
    """What the C library was built from, and the digest of its files, once they are there."""
    sources = compiler.origin()
    if before is None or before != (sources, _digest_of_library()):
        _say("compiling the counting library")
        levels = levels_of(platform.machine())
        with ThreadPoolExecutor(usable_processors()) as pool:
            list(pool.map(lambda level: compiler.compile_library(library.file_for(level), level=level), levels))
    return sources, _digest_of_library()


def _built_before(before: BuildRecord) -> tuple[str, str]:
    """The library that is there, of an installed package as well."""
    sources, _ = before.get(LIBRARY, ("", ""))
    return sources, _digest_of_library()


def _digest_of_library() -> str:
    """Return the digest of its files; an empty text if one is missing."""
    try:
        return digest_of(library.files())
    except OSError:
        return ""


def _recorded() -> BuildRecord:
    """Return what was built before; nothing if that is not known."""
    try:
        return {name: (sources, own) for name, (sources, own) in json.loads(RECORD.read_bytes()).items()}
    except (OSError, ValueError):
        return {}


def _is_current(path: Path, sources: str, before: tuple[str, str] | None) -> bool:
    """Whether a file was built from these sources and has not changed since."""
    return before is not None and before[0] == sources and path.exists() and digest(path.read_bytes()) == before[1]


def _pack(spec: VocabularySpec) -> str:
    return _write(spec.name, packed(tables_of(spec, unpack(spec, PACKAGE / "vocabularies"))))


def _write(name: str, content: bytes) -> str:
    replace_file(FOLDER / name, content)
    return digest(content)


def _say(step: str) -> None:
    sys.stdout.write(f"==> {step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
