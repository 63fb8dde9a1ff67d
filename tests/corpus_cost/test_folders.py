"""Files of a folder, with git itself as the judge of what its .gitignore files exclude."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from corpus_cost.folders import FolderWalk

NAMES = ("a", "b", "build", "x.log", "keep.log", "ä.txt", "a b")
PATTERNS = (
    *("*.log", "!keep.log", "/build", "build/", "a/", "!a", "**/b", "a/**", "a/*", "!a/b", "# b", "", "ä.*", "[ab]"),
    *("b/x.log", "*", "!*/", "a b", "\\!a", "!", "[", "a  ", "/**/b/", "?", "a/**/b"),
)


def found(folder: Path) -> set[str]:
    """The files that are found, relative to the folder."""
    return {path.relative_to(folder).as_posix() for path in FolderWalk(refuse).files(folder)}


def refuse(fault: OSError) -> None:
    """Every folder of the tests can be read."""
    raise fault


def by_git(folder: Path) -> set[str]:
    """The files that git would add, but hidden ones."""
    command = ["git", "-c", "core.excludesFile=", "ls-files", "--others", "--exclude-standard", "-z"]
    shown = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return {path for path in shown.split("\0") if path and not any(part.startswith(".") for part in path.split("/"))}


def grow(folder: Path, chance: random.Random, depth: int) -> None:
    """Fill a folder with files, folders, and now and then a .gitignore."""
    folder.mkdir()
    for name in chance.sample(NAMES, chance.randint(1, len(NAMES))):
        if depth and chance.random() < 0.5:
            grow(folder / name, chance, depth - 1)
        else:
            (folder / name).write_text(name, encoding="utf-8")
    if chance.random() < 0.6:
        lines = chance.sample(PATTERNS, chance.randint(1, 4))
        (folder / ".gitignore").write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty repository."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed, which is the judge here")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def test_what_is_excluded_is_what_git_excludes(repository: Path) -> None:
    """In trees with .gitignore files at any depth the same files are left as with git."""
    for seed in range(60):
        tree = repository / f"tree{seed}"
        grow(tree, random.Random(seed), depth=3)
        assert found(tree) == by_git(tree), f"seed {seed}"


def test_the_files_above_a_folder_apply_to_it(repository: Path) -> None:
    """A folder of a repository obeys the .gitignore at the repository's root, but not what lies above the root."""
    inside = repository / "src" / "deep"
    inside.mkdir(parents=True)
    (inside / "a.log").write_text("a")
    (inside / "a.py").write_text("a")
    (repository / ".gitignore").write_text("*.log\n")
    assert found(inside) == by_git(inside) == {"a.py"}
    (inside / ".git").mkdir()
    assert found(inside) == {"a.log", "a.py"}


def test_an_excluded_folder_that_is_named_is_wanted(repository: Path) -> None:
    """Who names a folder that is excluded gets its files."""
    (repository / "build").mkdir()
    (repository / "build" / "a.txt").write_text("a")
    (repository / ".gitignore").write_text("build/\n")
    assert found(repository) == set()
    assert found(repository / "build") == {"a.txt"}


def test_without_a_repository_the_folder_decides(tmp_path: Path) -> None:
    """A .gitignore needs no .git beside it; what is left out is counted; links to folders are not followed."""
    (tmp_path / ".gitignore").write_text("\ufeff*.log\n", encoding="utf-8")
    (tmp_path / "a.log").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    (tmp_path / "loop").symlink_to(tmp_path)
    walk = FolderWalk(refuse)
    assert [path.name for path in walk.files(tmp_path)] == ["b.txt"]
    assert (walk.hidden, walk.ignored) == (1, 1)
