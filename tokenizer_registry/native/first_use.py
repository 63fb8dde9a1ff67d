"""Vocabularies that are packed at their first use, and kept in the user's cache folder for later processes.

A package from a wheel comes without packed vocabularies: they are six times as large as what they are made from.
"""

import hashlib
import logging
import subprocess
import sys
from pathlib import Path
from typing import Final

from tokenizer_registry.native.digests import digest
from tokenizer_registry.native.layout import packed
from tokenizer_registry.native.packed_files import Mapped
from tokenizer_registry.native.packing import PACKAGE, origin_of, tables_of
from tokenizer_registry.vocabulary_files import VocabularySpec, read_specs, unpack
from weighbridge_base.files import replace_file

log = logging.getLogger(__name__)

DIGEST_BYTES: Final = hashlib.sha256().digest_size
ORIGIN_DIGITS: Final = 16


def cache_folder() -> Path:
    """Return the folder of the user's packed vocabularies. It may be removed at any time."""
    from platformdirs import user_cache_path  # not there where a wheel is built

    return user_cache_path("weighbridge", appauthor=False) / "packed"


def packed_at_first_use(spec: VocabularySpec, folder: Path) -> Mapped:
    """Return the packed vocabulary from the cache, packed now if it is not there or damaged.

    `folder` has the vocabulary's own file. Packing takes 0.1 to 2 s. Where the cache cannot be written, the result is
    kept in memory. Raise DamagedVocabulary.
    """
    path = _path(spec)
    return _kept(path) or _keep(path, packed(tables_of(spec, unpack(spec, folder))))


def pack_in_a_process(spec: VocabularySpec) -> None:
    """Put a vocabulary of the package into the cache, if it is not there: packing it here would hold the GIL.

    Where that fails, its first use packs it.
    """
    if not _path(spec).exists():
        command = (sys.executable, "-P", "-m", "tokenizer_registry.native.first_use", spec.name)
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603  this module


def _path(spec: VocabularySpec) -> Path:
    return cache_folder() / f"{spec.name}-{digest(origin_of(spec).encode())[:ORIGIN_DIGITS]}"


def _kept(path: Path) -> Mapped | None:
    """Return the file if it is there and whole: behind its content is the digest of that."""
    try:
        mapped = Mapped(path)
    except (OSError, ValueError):  # no file, or an empty one
        return None
    content, end = mapped.content[:-DIGEST_BYTES], mapped.content[-DIGEST_BYTES:]
    return mapped if hashlib.sha256(content).digest() == end else None


def _keep(path: Path, content: bytes) -> Mapped:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, content + hashlib.sha256(content).digest())
        return Mapped(path)
    except OSError as error:
        log.warning("a packed vocabulary is in memory alone, for %s cannot be written: %s", path.parent, error.strerror)
        return Mapped.in_memory(content)


def main(name: str) -> None:
    """Pack a vocabulary of the package."""
    (spec,) = (spec for spec in read_specs(PACKAGE / "vocabularies.toml") if spec.name == name)
    packed_at_first_use(spec, PACKAGE / "vocabularies")


if __name__ == "__main__":
    main(*sys.argv[1:])
