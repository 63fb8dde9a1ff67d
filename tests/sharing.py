"""Which tests run in one process: those of a file, and those of all files that share what takes long to start."""

from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# Session fixtures that take long to make, by the folder whose conftest.py has them.
SHARED = {
    "browser": "server",
    "end_to_end": "server",
    "tokenizer_registry": "registry",
}


def keep_together(items: Sequence[pytest.Item]) -> None:
    """Mark each test with its group, for `--dist loadgroup`."""
    groups: dict[Path, str] = {}
    for item in items:
        shared = _shared_fixture(item)
        if shared is not None:
            groups[item.path] = shared
    for item in items:
        own = item.path.relative_to(TESTS).as_posix()
        item.add_marker(pytest.mark.xdist_group(groups.get(item.path, own)))


def _shared_fixture(item: pytest.Item) -> str | None:
    """The folder and name of the session fixture that a test uses, or None. A file's own of that name is not shared."""
    folder = item.path.relative_to(TESTS).parts[0]
    name = SHARED.get(folder)
    if name is None or not isinstance(item, pytest.Function) or name not in item.fixturenames:
        return None
    definitions = item._fixtureinfo.name2fixturedefs.get(name, ())
    is_shared = bool(definitions) and definitions[-1].scope == "session"
    return f"{folder}/{name}" if is_shared else None
