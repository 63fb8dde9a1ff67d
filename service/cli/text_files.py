"""The texts of files and folders: what cannot be read is named, and the others are read."""

import codecs
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

STDIN = "-"
# A longer mark stands before those that it begins with.
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# A file with a zero byte within these is binary, as for git.
PROBED_BYTES = 8_000
NAMED_FILES = 5


class TextFile(NamedTuple):
    """A file to read. `named` files were given by their own name, the others lie in a folder that was."""

    path: Path
    named: bool

    @property
    def shown(self) -> str:
        """Its name for people and programs."""
        return STDIN if str(self.path) == STDIN else click.format_filename(self.path)


class TextFiles:
    """All files of the inputs. `faults` and `notes` are sentences about what was not read, complete after `texts`."""

    def __init__(self, inputs: Sequence[Path], encoding: str | None) -> None:
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._encoding = encoding
        self._binary: list[str] = []
        self.files = [file for path in inputs for file in self._listed(path)]

    @property
    def bytes(self) -> int:
        """The size of all files that have one."""
        return sum(file.path.stat().st_size for file in self.files if file.path.is_file())

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the text of each file, one at a time."""
        for file in self.files:
            try:
                text = self._text(file)
            except OSError as error:
                self.faults.append(f"Cannot read {file.shown}: {error.strerror}.")
                continue
            if text is not None:
                yield file.shown, text
        if self._binary:
            more = len(self._binary) - NAMED_FILES
            names = ", ".join(self._binary[:NAMED_FILES]) + (f" and {more:,} more" if more > 0 else "")
            self.notes.append(f"Skipped, because they are binary: {names}.")

    def _text(self, file: TextFile) -> str | None:
        content = sys.stdin.buffer.read() if file.shown == STDIN else file.path.read_bytes()
        try:
            text = decoded(content, self._encoding)
        except UnicodeError as error:
            if not file.named and b"\0" in content[:PROBED_BYTES]:
                self._binary.append(file.shown)
            else:
                self.faults.append(_undecodable(file.shown, self._encoding, error))
            return None
        if not file.named and "\0" in text[:PROBED_BYTES]:
            self._binary.append(file.shown)
            return None
        return text

    def _listed(self, path: Path) -> Iterator[TextFile]:
        if str(path) == STDIN or not path.is_dir():
            yield TextFile(path, named=True)
            return
        from corpus_cost.folders import FolderWalk  # its package takes a while to import

        walk = FolderWalk(lambda error: self.faults.append(f"Cannot read {error.filename}: {error.strerror}."))
        yield from (TextFile(found, named=False) for found in walk.files(path))
        left_out = [f"{walk.hidden:,} hidden"] if walk.hidden else []
        left_out += [f"{walk.ignored:,} that .gitignore excludes"] if walk.ignored else []
        if left_out:
            self.notes.append(f"Left out of {path}: {' and '.join(left_out)}; name one to have it counted.")


def decoded(content: bytes, encoding: str | None) -> str:
    """Return the text in the encoding of its byte order mark, else the given one, else UTF-8. Raise UnicodeError.

    The mark itself is no part of the text.
    """
    marked = next((codec for mark, codec in MARKS if content.startswith(mark)), None)
    return content.decode(marked or encoding or "utf-8")


def _undecodable(shown: str, encoding: str | None, error: UnicodeError) -> str:
    place = f"byte {error.start} cannot be read" if isinstance(error, UnicodeDecodeError) else str(error)
    return f"{shown} is not {encoding or 'UTF-8'} text: {place}. Name the right one with --encoding."
