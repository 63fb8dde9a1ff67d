"""Find the sources that inputs name: files, folders, glob patterns, and URLs of remote stores."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corpus_cost.errors import NothingFound, TextFault, Unreadable
from corpus_cost.folders import FolderWalk
from corpus_cost.sources import TextFormat, TextSource, describe_os_error, file_system, format_of

# The names that stores give to a value that changes with the content; the first that is present is used.
VERSION_KEYS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "created",
)
MAGIC = "*?["


class FoundSources(NamedTuple):
    """The sources of all inputs, in order and each once, and the faults of those that cannot be reached.

    `hidden` and `ignored` are the numbers of files and folders left out by their names and by .gitignore files.
    """

    sources: tuple[TextSource, ...]
    faults: tuple[TextFault, ...]
    hidden: int
    ignored: int


def find_sources(inputs: Iterable[str], form: TextFormat | None = None) -> FoundSources:
    """Return the sources that the inputs name. Raise MissingExtra, and NothingFound if an input matches no file."""
    search = _Search(form)
    for name in inputs:
        before = search.seen
        search.add(name)
        if search.seen == before:
            raise NothingFound(name, "there is no such file, and nothing matches it as a pattern.")
    return FoundSources(tuple(search.sources.values()), tuple(search.faults), search.walk.hidden, search.walk.ignored)


def spooled_source(name: str, path: Path, form: TextFormat | None = None) -> TextSource:
    """Return the source of a file that holds what was read from a pipe, shown as `name`. Raise OSError."""
    return _local(path, form)._replace(name=name)


class _Search:
    def __init__(self, form: TextFormat | None) -> None:
        self.sources: dict[str, TextSource] = {}
        self.faults: list[TextFault] = []
        self.walk = FolderWalk(self._unlisted)
        self.seen = 0
        self._form = form

    def add(self, name: str) -> None:
        if "://" in name:
            self._each(_remote(name, self._form))
        elif Path(name).is_dir():
            self._folder(Path(name))
        elif not os.path.lexists(name) and any(letter in name for letter in MAGIC):
            for match in sorted(glob.glob(name, recursive=True)):  # noqa: PTH207 (Path.glob takes no absolute pattern)
                if not Path(match).is_dir():
                    self._file(Path(match))
        elif os.path.lexists(name):
            self._file(Path(name))

    def _folder(self, folder: Path) -> None:
        self.seen += 1
        for path in self.walk.files(folder):
            self._file(path)

    def _unlisted(self, fault: OSError) -> None:
        self.faults.append(TextFault(str(fault.filename), None, describe_os_error(fault)))

    def _file(self, path: Path) -> None:
        self.seen += 1
        self._try(str(path), lambda: _local(path, self._form))

    def _each(self, found: Iterator[tuple[str, Callable[[], TextSource]]]) -> None:
        for name, source in found:
            self.seen += 1
            self._try(name, source)

    def _try(self, name: str, source: Callable[[], TextSource]) -> None:
        try:
            made = source()
        except OSError as fault:
            self.faults.append(TextFault(name, None, describe_os_error(fault)))
        except Unreadable as fault:
            self.faults.append(TextFault(name, None, fault.reason))
        else:
            self.sources.setdefault(made.url, made)


def _local(path: Path, form: TextFormat | None) -> TextSource:
    state = path.stat()
    if not path.is_file():
        raise Unreadable(str(path), "it is neither a file nor a folder.")
    return TextSource(
        str(path), str(path.resolve()), state.st_size, str(state.st_mtime_ns), *format_of(path.name, form)
    )


def _remote(url: str, form: TextFormat | None) -> Iterator[tuple[str, Callable[[], TextSource]]]:
    """Yield the objects of a URL, which may be a pattern or a folder. Raise NothingFound, MissingExtra, Unreadable."""
    system, path = file_system(url)
    try:
        if any(letter in path for letter in MAGIC) and not url.startswith(("http://", "https://")):
            paths = sorted(system.glob(path))
        elif not url.startswith(("http://", "https://")) and system.isdir(path):
            paths = sorted(system.find(path))
        else:
            paths = [path]
    except Exception as fault:  # each store has errors of its own
        raise NothingFound(url, f"the store answered: {_describe_error(fault)}.") from None
    for each in paths:
        yield system.unstrip_protocol(each), _object(system, each, form)


def _object(system: Any, path: str, form: TextFormat | None) -> Callable[[], TextSource]:
    def source() -> TextSource:
        url = system.unstrip_protocol(path)
        try:
            info = system.info(path)
        except Exception as fault:  # each store has errors of its own
            raise Unreadable(url, f"cannot be read: {_describe_error(fault)}.") from None
        if info.get("size") is None:
            raise Unreadable(url, "its store does not tell its size; fetch it to a file first.")
        return TextSource(url, url, int(info["size"]), _version(info), *format_of(url.partition("?")[0], form))

    return source


def _version(info: Mapping[str, Any]) -> str:
    return next((str(info[key]) for key in VERSION_KEYS if info.get(key)), "")


def _describe_error(fault: Exception) -> str:
    text = " ".join(str(fault).split())[:200]
    return f"{type(fault).__name__}: {text}" if text else type(fault).__name__
