"""Compile the C library and pack the vocabularies: `python -m tokenizer_registry.native.build`.

It needs the packages of requirements/build.txt, one of which is a C compiler. The first time takes a minute; after that
only what has changed is built again.
"""

import hashlib
import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tokenizer_registry.engines import read_engines
from tokenizer_registry.native import library
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.methods import tables_of
from tokenizer_registry.native.packing import packed, write_file
from tokenizer_registry.native.packs import CHARACTERS, FOLDER, INDEX
from tokenizer_registry.packed import unpack
from tokenizer_registry.processors import usable_processors
from tokenizer_registry.spec import VocabularySpec, read_specs

PACKAGE: Final = Path(__file__).parents[1]
SOURCES: Final = Path(__file__).parent / "source"
# For any processor of its kind: a wheel or an image may run on another machine than it was built on.
FLAGS: Final = ("-std=gnu11", "-O3", "-flto", "-mcpu=baseline", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread")


# What each file was built from, beside the files. No part of a package: what is installed is not built again.
RECORD: Final = FOLDER.parent / "built.json"
LIBRARY: Final = "library"
# By the name of a file: the digest of what it was built from, and its own.
Record = dict[str, tuple[str, str]]
# What decides on the content of a packed vocabulary, beside its folder's modules and the vocabulary itself.
CODE: Final = tuple(PACKAGE / name for name in ("native/characters.json", "engines.toml", "spec.py", "packed.py"))


def main() -> None:
    """Build what is missing or was built from other sources, with a line for each step."""
    before = _recorded()
    FOLDER.mkdir(exist_ok=True)
    specs = {spec.name: spec for spec in read_specs(PACKAGE / "vocabularies.toml")}
    names = [name for name, row in read_engines(PACKAGE).items() if specs[name].sha256 == row.sha256]
    built = {LIBRARY: _library(before.get(LIBRARY)), CHARACTERS: ("", _write(CHARACTERS, read_characters().packed()))}
    built |= packs([specs[name] for name in names], before)
    index = {CHARACTERS: (built[LIBRARY][1], built[CHARACTERS][1])}
    index |= {name: (specs[name].sha256, built[name][1]) for name in names}
    write_file(FOLDER / INDEX, json.dumps(index).encode())
    write_file(RECORD, json.dumps(built).encode())


def packs(specs: list[VocabularySpec], before: Record) -> Record:
    """What each packed vocabulary was built from, and its digest, once all are there."""
    code = _digest_of([*sorted(PACKAGE.glob("native/*.py")), *CODE])
    sources = {spec.name: f"{code} {spec.sha256}" for spec in specs}
    built = {name: before[name] for name in sources if _is_current(FOLDER / name, sources[name], before.get(name))}
    missing = [spec for spec in specs if spec.name not in built]
    with ProcessPoolExecutor(usable_processors()) as pool:
        for number, (spec, digest) in enumerate(zip(missing, pool.map(_pack, missing), strict=True), start=1):
            built[spec.name] = (sources[spec.name], digest)
            _say(f"packed {number} of {len(missing)}: {spec.name}")
    return built


def _library(before: tuple[str, str] | None) -> tuple[str, str]:
    """What the C library was built from, and its digest, once it is there."""
    compiler = f"{version('ziglang')} {' '.join(FLAGS)} {sysconfig.get_platform()}"
    sources = f"{_digest_of(sorted(SOURCES.iterdir()))} {_digest(compiler.encode())}"
    if before is None or not _is_current(library.FILE, sources, before):
        _say("compiling")
        compile_library()
    return sources, _digest(library.FILE.read_bytes())


def _recorded() -> Record:
    """Return what was built before; nothing if that is not known."""
    try:
        return {name: (sources, own) for name, (sources, own) in json.loads(RECORD.read_bytes()).items()}
    except (OSError, ValueError):
        return {}


def _is_current(path: Path, sources: str, before: tuple[str, str] | None) -> bool:
    """Whether a file was built from these sources and has not changed since."""
    return before is not None and before[0] == sources and path.exists() and _digest(path.read_bytes()) == before[1]


def compile_library() -> None:
    """Compile it where it is loaded from. Raises CalledProcessError."""
    target = library.FILE.with_suffix(".new")
    with tempfile.TemporaryDirectory() as cache:
        subprocess.run(  # noqa: S603  our own sources, the pinned compiler
            [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(target), *map(str, sorted(SOURCES.glob("*.c")))],
            check=True,
            env={"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache},
        )
    target.replace(library.FILE)


def _pack(spec: VocabularySpec) -> str:
    return _write(spec.name, packed(tables_of(spec, unpack(spec, PACKAGE / "vocabularies"))))


def _write(name: str, content: bytes) -> str:
    write_file(FOLDER / name, content)
    return _digest(content)


def _digest_of(paths: Iterable[Path]) -> str:
    """One digest of the names and contents of files."""
    lines = (f"{path.name} {_digest(path.read_bytes())}\n" for path in paths)
    return _digest("".join(lines).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _say(step: str) -> None:
    sys.stdout.write(f"==> {step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
