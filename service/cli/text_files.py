"""Texts of files and folders, and their encodings. Files that cannot be read are reported; the others are read."""

import codecs
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

STDIN = "-"
# Byte order marks; a mark comes before the shorter ones that are its prefix.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A file with a zero byte within its first bytes is binary, as for git.
PROBED_BYTES = 8_000
MAX_NAMED_FILES = 5


class TextFile(NamedTuple):
    """A file to read. `named` is true for a file that was named itself, false for one found in a folder."""

    path: Path
    named: bool

    @property
    def shown(self) -> str:
        """Return the name that is printed for the file; `-` is standard input."""
        return STDIN if str(self.path) == STDIN else click.format_filename(self.path)


class TextFiles:
    """All files of the inputs. `faults` and `notes` are sentences about what was not read, complete after `texts`."""

    def __init__(self, inputs: Sequence[Path], encoding: str | None) -> None:
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._encoding = encoding
        self._binary: list[str] = []
        self.files = [file for path in inputs for file in self._list_files(path)]

    @property
    def bytes(self) -> int:
        """Return the size of all regular files together, in bytes."""
        return sum(file.path.stat().st_size for file in self.files if file.path.is_file())

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of each file, one at a time."""
        for file in self.files:
            try:
                text = self._read(file)
            except OSError as error:
                self.faults.append(f"Cannot read {file.shown}: {error.strerror}.")
                continue
            if text is not None:
                yield file.shown, text
        if self._binary:
            more = len(self._binary) - MAX_NAMED_FILES
            names = ", ".join(self._binary[:MAX_NAMED_FILES]) + (f" and {more:,} more" if more > 0 else "")
            self.notes.append(f"Skipped binary files: {names}.")

    def _read(self, file: TextFile) -> str | None:
        content = sys.stdin.buffer.read() if file.shown == STDIN else file.path.read_bytes()
        try:
            text = decode(content, self._encoding)
        except UnicodeError as error:
            if not file.named and b"\0" in content[:PROBED_BYTES]:
                self._binary.append(file.shown)
            else:
                self.faults.append(_decoding_fault(file.shown, self._encoding, error))
            return None
        if not file.named and "\0" in text[:PROBED_BYTES]:
            self._binary.append(file.shown)
            return None
        return text

    def _list_files(self, path: Path) -> Iterator[TextFile]:
        if str(path) == STDIN or not path.is_dir():
            yield TextFile(path, named=True)
            return
        from corpus_cost.folders import FolderWalk  # its package takes a while to import

        walk = FolderWalk(lambda error: self.faults.append(f"Cannot read {error.filename}: {error.strerror}."))
        yield from (TextFile(found, named=False) for found in walk.files(path))
        left_out = [f"{walk.hidden:,} hidden"] if walk.hidden else []
        left_out += [f"{walk.ignored:,} that .gitignore excludes"] if walk.ignored else []
        if left_out:
            self.notes.append(f"Left out of {path}: {' and '.join(left_out)}. Name a file to count it anyway.")


def decode(content: bytes, encoding: str | None) -> str:
    """Return the text without its byte order mark. Raise UnicodeError.

    The encoding is that of the mark, else the given one, else UTF-8.
    """
    marked = next((codec for mark, codec in MARKS if content.startswith(mark)), None)
    return content.decode(marked or encoding or "utf-8")


def _decoding_fault(shown: str, encoding: str | None, error: UnicodeError) -> str:
    place = f"byte {error.start} cannot be read" if isinstance(error, UnicodeDecodeError) else str(error)
    return f"{shown} is not {encoding or 'UTF-8'} text: {place}. Name the right one with --encoding."


class Encoding(click.ParamType[str]):
    """An option that is the name of an encoding that Python knows."""

    name = "encoding"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name that the standard library uses."""
        try:
            name = codecs.lookup(str(value)).name
            "a".encode(name)  # raises LookupError for base64 and other codecs that do not encode text
        except (LookupError, UnicodeError):
            raise click.BadParameter(
                f"{value!r} is not an encoding; use one such as utf-8, utf-16 or latin-1."
            ) from None
        return name
