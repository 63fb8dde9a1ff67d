"""The shipped chat templates: templates.toml and the texts beside it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

_TEMPLATES: Final = Path(__file__).parents[2] / "templates"


class ControlTokens(NamedTuple):
    """The control tokens of a vocabulary: one token each where a template writes them.

    `leads_with_space`: the vocabulary puts a space in front of each text, which templates write out.
    """

    name: str
    tokens: tuple[str, ...]
    leads_with_space: bool = False


class ChatTemplate(NamedTuple):
    """A publisher's template. `image` is what stands for an image in its output; empty if it takes none."""

    name: str
    file: str
    sha256: str
    publisher: str
    published: str
    controls: ControlTokens
    bos: str
    eos: str
    image: str
    is_edited: bool
    licence: str

    @property
    def text(self) -> str:
        """The template's source."""
        return (_TEMPLATES / self.file).read_text(encoding="utf-8")


@cache
def shipped_templates() -> Mapping[str, ChatTemplate]:
    """Return the templates by name."""
    document = tomllib.loads((_TEMPLATES / "templates.toml").read_text(encoding="utf-8"))
    controls = {row["name"]: _controls(row) for row in document["controls"]}
    return MappingProxyType({row["name"]: _template(row, controls) for row in document["template"]})


def _controls(row: Mapping[str, Any]) -> ControlTokens:
    return ControlTokens(row["name"], tuple(row["tokens"]), row.get("leads_with_space", False))


def _template(row: Mapping[str, Any], controls: Mapping[str, ControlTokens]) -> ChatTemplate:
    given = {name: row[name] for name in ("name", "file", "sha256", "publisher", "published", "bos", "eos", "image")}
    return ChatTemplate(
        **given, controls=controls[row["controls"]], is_edited=row["is_edited"], licence=row["licence"]["name"]
    )
