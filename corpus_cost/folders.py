"""The files of a folder and its subfolders, without hidden ones and those that .gitignore files exclude."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from pathspec.patterns.gitignore import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

IGNORE_FILE = ".gitignore"
REPOSITORY = ".git"


class IgnoreRules(NamedTuple):
    """The patterns of one .gitignore file. They apply to paths that begin with `prefix`, its folder with a slash."""

    prefix: str
    patterns: tuple[GitIgnoreSpecPattern, ...]


class FolderWalk:
    """Lists the files of folders, and counts the entries that it leaves out.

    `on_fault` is called with the error of each folder or .gitignore file that cannot be read.
    """

    def __init__(self, on_fault: Callable[[OSError], None]) -> None:
        self.hidden = 0
        self.ignored = 0
        self._on_fault = on_fault

    def files(self, folder: Path) -> Iterator[Path]:
        """Yield the files, each folder's own in order of name before those of the folders in it.

        Links to folders are not followed. Of a repository, the .gitignore files above the folder apply too, unless
        they exclude the folder itself: a folder that is named is wanted.
        """
        rules = {str(folder): self._rules_above(folder)}
        for parent, folders, names in os.walk(folder, onerror=self._on_fault):
            here = (*rules.pop(parent), *self._rules_in(os.path.abspath(parent), names))  # noqa: PTH100
            wanted = [name for name in sorted(names) if self._is_wanted(parent, name, "", here)]
            folders[:] = [name for name in sorted(folders) if self._is_wanted(parent, name, "/", here)]
            rules |= {os.path.join(parent, name): here for name in folders}  # noqa: PTH118 (the key of os.walk)
            yield from (Path(parent, name) for name in wanted)

    def _is_wanted(self, parent: str, name: str, slash: str, rules: Sequence[IgnoreRules]) -> bool:
        if name.startswith("."):
            self.hidden += 1
            return False
        if rules and _is_ignored(os.path.join(os.path.abspath(parent), name) + slash, rules):  # noqa: PTH100, PTH118
            self.ignored += 1
            return False
        return True

    def _rules_above(self, folder: Path) -> tuple[IgnoreRules, ...]:
        absolute = Path(os.path.abspath(folder))  # noqa: PTH100 (links stay as they are named)
        root = next((each for each in (absolute, *absolute.parents) if (each / REPOSITORY).exists()), absolute)
        above = [each for each in reversed(absolute.parents) if each.is_relative_to(root)]
        rules = tuple(rule for each in above for rule in self._rules_in(str(each), [IGNORE_FILE]))
        return () if _is_ignored(f"{absolute}/", rules) else rules

    def _rules_in(self, folder: str, names: Sequence[str]) -> tuple[IgnoreRules, ...]:
        path = Path(folder, IGNORE_FILE)
        if IGNORE_FILE not in names or not path.is_file():
            return ()
        try:
            lines = path.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
        except OSError as fault:
            self._on_fault(fault)
            return ()
        return (IgnoreRules(folder.rstrip("/") + "/", tuple(chain.from_iterable(map(_pattern, lines)))),)


def _is_ignored(path: str, rules: Sequence[IgnoreRules]) -> bool:
    """Whether the path is excluded; a folder's path ends with a slash. The last pattern of the deepest file decides."""
    for rule in reversed(rules):
        below = path.removeprefix(rule.prefix)
        for pattern in reversed(rule.patterns):
            if _matches(pattern, below):
                return bool(pattern.include)
    return False


def _matches(pattern: GitIgnoreSpecPattern, path: str) -> bool:
    """Whether the pattern matches the path itself.

    The library's own check also matches what is in a folder that matches, and so would a file deeper down include
    again what a file above excludes. The only group of its expressions is the slash after such a folder; without the
    group, a match up to the path's last slash is that of `folder/**`, which matches what is in the folder.
    """
    found = () if pattern.regex is None else pattern.regex.finditer(path)
    ends = ((match.end() == len(path), match.lastgroup is not None) for match in found)
    return any(at_end if of_folder else not (at_end and path.endswith("/")) for at_end, of_folder in ends)


def _pattern(line: str) -> Iterator[GitIgnoreSpecPattern]:
    """The pattern of a line; one that is none matches nothing, as in git."""
    try:
        yield GitIgnoreSpecPattern(line)
    except GitIgnorePatternError:
        return
