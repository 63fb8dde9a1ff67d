"""Reading a TOML catalogue from a file."""

import tomllib
from pathlib import Path

from tokenizer_registry.errors import BadCatalogue
from tokenizer_registry.rows import Row


def read_catalogue(path: Path) -> Row:
    """The whole file as one row.

    Raises BadCatalogue where the file is missing, is not UTF-8 or is not TOML.
    """
    try:
        return Row(path, "file", tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadCatalogue(path, "file", error.strerror or "cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCatalogue(path, "file", str(error)) from error
