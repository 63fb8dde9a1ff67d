"""Vocabularies that an earlier run of a build has finished, so that a broken run goes on where it stopped."""

import base64
import dataclasses
import hashlib
import json
from pathlib import Path

import sentencepiece
import tokenizers

from tokenizer_registry.building.build import Built
from tokenizer_registry.building.sources import Origin, Sources
from weighbridge_base.files import replace_file


class Finished:
    """A folder of built vocabularies, each under a digest of all that it was built from and with."""

    def __init__(self, folder: Path, sources: Sources) -> None:
        self._folder = folder
        self._sources = sources
        self._tools = _tools()

    def get(self, origin: Origin) -> Built | None:
        """The vocabulary as it was built from the very same things, or None."""
        path = self._path(origin)
        if not path.exists():
            return None
        kept = json.loads(path.read_bytes())
        packed = base64.b85decode(kept["packed"])
        return Built(kept["name"], kept["file"], packed, kept["row"], tuple(kept["golden_counts"]))

    def put(self, origin: Origin, built: Built) -> None:
        """Keep a vocabulary for the next run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        kept = dataclasses.asdict(built) | {"packed": base64.b85encode(built.packed).decode("ascii")}
        replace_file(self._path(origin), json.dumps(kept).encode())

    def _path(self, origin: Origin) -> Path:
        sources = self._sources
        pattern = sources.patterns[origin.pattern] if origin.pattern else None
        inputs = (origin, sources.packages[origin.package], sources.licence_of(origin), pattern, self._tools)
        return self._folder / f"{origin.name}-{hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]}.json"


def _tools() -> str:
    """A digest of the code that builds and verifies, and of the libraries' versions."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{tokenizers.__version__} {sentencepiece.__version__}".encode())
    for path in sorted([*package.rglob("*.py"), *(package / "verification").iterdir()]):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
