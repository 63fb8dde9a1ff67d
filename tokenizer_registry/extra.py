"""What an operator has added: fetched and private vocabularies, in a folder of the operator's own.

The folder has the files of the package: vocabularies.toml, models.toml, and the packed files beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizer_registry.building.toml_text import Value, toml_tables
from tokenizer_registry.spec import VocabularySpec, read_specs
from weighbridge_base.files import replace_file

VOCABULARIES = "vocabularies.toml"
MODELS = "models.toml"


@dataclass(frozen=True, slots=True)
class Extra:
    """The vocabularies of an extra folder, and its file of models if it has one."""

    specs: tuple[VocabularySpec, ...] = ()
    models: Path | None = None


def read_extra(folder: Path) -> Extra:
    """What the folder has; a folder that is not there has nothing. Raises BadCatalogue."""
    vocabularies, models = folder / VOCABULARIES, folder / MODELS
    return Extra(read_specs(vocabularies) if vocabularies.exists() else (), models if models.exists() else None)


def add_vocabulary(folder: Path, file: str, packed: bytes, row: str) -> None:
    """Put a packed file into the folder, and its row into the folder's vocabularies.toml.

    The file goes first: a row is never there without its file.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(folder / file, packed)
    _append(folder / VOCABULARIES, row)


def add_model(folder: Path, model: Mapping[str, Value]) -> None:
    """Put a row into the folder's models.toml."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _append(folder / MODELS, toml_tables({"[[model]]": model}))


def _append(path: Path, row: str) -> None:
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    replace_file(path, f"{kept}{row}\n\n".encode())
