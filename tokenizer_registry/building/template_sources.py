"""template_sources.toml: which text of which pinned package becomes which chat template."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

TEMPLATE_SOURCES: Final = Path(__file__).with_name("template_sources.toml")


class TemplateKind(StrEnum):
    """Where in the package the text is: a file, a tokenizer_config.json, a case of a test, what a generator writes."""

    FILE = "file"
    CONFIGURATION = "configuration"
    TEST = "test"
    GENERATED = "generated"


@dataclass(frozen=True, slots=True)
class TemplateEdit:
    """A passage of a package's text, what stands in its place here, and how often it is there."""

    old: str
    new: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class TemplateOrigin:
    """One template: where its text comes from, whose it is, and what its tokens are called.

    `entry` is the name of a test's case, or the generator's arguments. `controls` names the list of control tokens.
    `is_edited` says that the text is not the publisher's to the letter; `checked` says how that is known. `sha256` is
    of the package's text, before the `edit` that is made here.
    """

    name: str
    package: str
    path: str
    kind: TemplateKind
    sha256: str
    publisher: str
    licence: str
    published: date
    controls: str
    checked: str
    bos: str = ""
    eos: str = ""
    entry: str = ""
    image: str = ""
    is_edited: bool = False
    edit: tuple[TemplateEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlList:
    """Control tokens. `leads_with_space`: their vocabulary puts a space in front of each text between them."""

    name: str
    tokens: tuple[str, ...]
    leads_with_space: bool = False


@dataclass(frozen=True, slots=True)
class TemplateSources:
    """The contents of `template_sources.toml`."""

    controls: tuple[ControlList, ...]
    templates: tuple[TemplateOrigin, ...]


def read_template_sources(path: Path = TEMPLATE_SOURCES) -> TemplateSources:
    """Return the rows. A wrong key stops the build with a TypeError that names it."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    controls = tuple(ControlList(**row | {"tokens": tuple(row["tokens"])}) for row in document["controls"])
    return TemplateSources(controls, tuple(_origin(**row) for row in document["template"]))


def _origin(*, kind: str, edit: Sequence[dict[str, Any]] = (), **row: Any) -> TemplateOrigin:
    edits = tuple(TemplateEdit(**each) for each in edit)
    is_edited = bool(edits) or row.pop("is_edited", False)
    return TemplateOrigin(kind=TemplateKind(kind), edit=edits, is_edited=is_edited, **row)
