"""Compile the C library and pack the vocabularies: `python -m tokenizer_registry.native.build`.

It needs the packages of requirements/build.txt, one of which is a C compiler, and takes half a minute.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tokenizer_registry.engines import read_engines
from tokenizer_registry.native import library
from tokenizer_registry.native.characters import read_characters
from tokenizer_registry.native.methods import tables_of
from tokenizer_registry.native.packing import packed, write_file
from tokenizer_registry.native.packs import CHARACTERS, FOLDER, INDEX
from tokenizer_registry.packed import unpack
from tokenizer_registry.spec import VocabularySpec, read_specs

PACKAGE: Final = Path(__file__).parents[1]
SOURCES: Final = Path(__file__).parent / "source"
# For any processor of its kind: a wheel or an image may run on another machine than it was built on.
FLAGS: Final = ("-std=gnu11", "-O3", "-flto", "-mcpu=baseline", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread")


def main() -> None:
    """Build all of it, with a line for each step."""
    _say("compiling")
    compile_library()
    specs = {spec.name: spec for spec in read_specs(PACKAGE / "vocabularies.toml")}
    names = [name for name, row in read_engines(PACKAGE).items() if specs[name].sha256 == row.sha256]
    FOLDER.mkdir(exist_ok=True)
    index = {CHARACTERS: (_digest(library.FILE.read_bytes()), _write(CHARACTERS, read_characters().packed()))}
    with ProcessPoolExecutor() as pool:
        for name, digest in zip(names, pool.map(_pack, [specs[name] for name in names]), strict=True):
            index[name] = (specs[name].sha256, digest)
            _say(f"packed {len(index) - 1} of {len(names)}: {name}")
    write_file(FOLDER / INDEX, json.dumps(index).encode())


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


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _say(step: str) -> None:
    sys.stdout.write(f"==> {step}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
