"""Catalogues in TOML: read row by row, with each fault named by file, table and key; and the little that is written."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tokenizer_registry.errors import BadCatalogue


class TomlRow:
    """A table whose keys are taken one by one; `finish` refuses the keys that were not taken."""

    def __init__(self, path: Path, where: str, values: object) -> None:
        self.path: Final = path
        self.where: Final = where
        if not isinstance(values, Mapping):
            raise self.fault("is not a table")
        self._left: dict[str, object] = dict(values)

    def fault(self, fault: str) -> BadCatalogue:
        """The error to raise for this row."""
        return BadCatalogue(self.path, self.where, fault)

    def keys_left(self) -> tuple[str, ...]:
        """Return the keys that are not yet taken."""
        return tuple(self._left)

    def has(self, key: str) -> bool:
        """Whether the key is there and not yet taken."""
        return key in self._left

    def text(self, key: str) -> str:
        """Return a non-empty string."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.fault(f"{key} must be a non-empty string, not {value!r}")
        return value

    def optional_text(self, key: str) -> str | None:
        """A non-empty string, or None where the key is missing."""
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty where the key is missing."""
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(f"{key} must be a list of strings, not {value!r}")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """True or false; false where the key is missing."""
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise self.fault(f"{key} must be true or false, not {value!r}")
        return value

    def count(self, key: str) -> int:
        """A whole number, not negative."""
        return self._whole(key, self._take(key))

    def counts(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, none negative."""
        value = self._take(key)
        if not isinstance(value, list):
            raise self.fault(f"{key} must be a list of whole numbers, not {value!r}")
        return tuple(self._whole(key, item) for item in value)

    def table(self, key: str) -> "TomlRow":
        """A table inside this one."""
        return TomlRow(self.path, f"{self.where}, {key}", self._take(key))

    def tables(self, key: str) -> list["TomlRow"]:
        """A list of tables; their place is named by number, and by their name where they have one."""
        value = self._take(key)
        if not isinstance(value, list):
            raise self.fault(f"{key} must be a list of tables")
        return [TomlRow(self.path, _place(key, number, item), item) for number, item in enumerate(value, start=1)]

    def finish(self) -> None:
        """Refuse what was not taken: most often a misspelt key."""
        if self._left:
            raise self.fault(f"unknown key {', '.join(sorted(self._left))}")

    def _take(self, key: str) -> object:
        if key not in self._left:
            raise self.fault(f"{key} is missing")
        return self._left.pop(key)

    def _whole(self, key: str, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(f"{key} must be a whole number, not {value!r}")
        return value


def _place(key: str, number: int, item: object) -> str:
    name = item.get("name") if isinstance(item, Mapping) else None
    return f"{key} {number} ({name})" if name else f"{key} {number}"


def read_catalogue(path: Path) -> TomlRow:
    """The whole file as one row.

    Raises BadCatalogue where the file is missing, is not UTF-8 or is not TOML.
    """
    try:
        return TomlRow(path, "file", tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadCatalogue(path, "file", error.strerror or "cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadCatalogue(path, "file", str(error)) from error


TomlValue = str | int | tuple[str, ...] | tuple[int, ...]


def toml_lines(values: Mapping[str, TomlValue]) -> list[str]:
    """One `key = value` line each."""
    return [f"{key} = {_written(value)}" for key, value in values.items()]


def toml_tables(tables: Mapping[str, Mapping[str, TomlValue]]) -> str:
    """Tables one below the other, each under its head; the last line has no end."""
    return "\n".join(line for head, values in tables.items() for line in (head, *toml_lines(values)))


def _written(value: TomlValue) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(item) for item in value) + "]"
    # A JSON string is a TOML basic string but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
