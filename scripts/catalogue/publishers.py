"""The models that their authors list in packages of their own, as the literal types of a program, read as data."""

import ast
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from scripts.catalogue.first_party import FirstPartyName

PUBLISHERS = Path(__file__).with_name("publishers.toml")
HEADER = """\
# Packages in which an author lists its own models: read as data, never run, by `make catalogue`, which renews the pins.
"""


@dataclass(frozen=True, slots=True)
class PublisherPackage:
    """A pinned package of an author, and the files in it that list models."""

    author: str
    package: str
    version: str
    wheel: str
    sha256: str
    members: list[str]

    @property
    def pin(self) -> PinnedPackage:
        """Return where the package's wheel is."""
        return PinnedPackage(self.package, self.version, self.wheel, self.sha256)


def read_publishers() -> list[PublisherPackage]:
    """Return the packages of `publishers.toml`."""
    return [PublisherPackage(**entry) for entry in tomllib.loads(PUBLISHERS.read_text(encoding="utf-8"))["publisher"]]


def publishers_text(publishers: Iterable[PublisherPackage]) -> str:
    """Return the text of `publishers.toml`."""
    entries = (
        "".join(f"{name} = {json.dumps(value)}\n" for name, value in asdict(publisher).items())
        for publisher in publishers
    )
    return HEADER + "".join(f"\n[[publisher]]\n{entry}" for entry in entries)


def published_names(folder: Path, publishers: Iterable[PublisherPackage]) -> list[FirstPartyName]:
    """Return the models that the packages in a folder list. Raise BadSource."""
    return sorted(
        FirstPartyName(publisher.author, name.lower(), publisher.package, name)
        for publisher in publishers
        for name in {
            name
            for member in publisher.members
            for name in literals(read_member(folder, publisher.pin, member).decode("utf-8"))
        }
    )


def literals(program: str) -> Iterator[str]:
    """Yield each text in a `Literal[...]` of a program."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal":
            yield from (
                item.value
                for item in ast.walk(node.slice)
                if isinstance(item, ast.Constant) and type(item.value) is str
            )
