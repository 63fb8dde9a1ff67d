"""Paths that the pages for developers name exist: in sentences, tables and diagrams."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ("CONTRIBUTING.md", "docs/architecture.md", "docs/performance.md", *sorted(
    str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "decisions").glob("*.md")
))  # fmt: skip
NAMED = re.compile(r"(?<![\w./…-])((?:[\w.]+/)+[\w.]+\.(?:py|c|h|toml|jsonl?|lua|html))(?!\w)")
# Where a path may begin: the diagrams leave out `service/`.
BASES = (ROOT, ROOT / "service", ROOT / "tokenizer_registry")
# Files of others, in examples, and files that are built.
ELSEWHERE = ("localgrid/", ".venv/", ".peers/", "build/")


@pytest.mark.parametrize("page", PAGES)
def test_named_paths_exist(page: str) -> None:
    """Every path to a source or data file leads to one."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {path for path in NAMED.findall(text) if not path.startswith(ELSEWHERE)}
    assert sorted(path for path in named if not any((base / path).exists() for base in BASES)) == []


def test_paths_are_found() -> None:
    """The architecture page names enough files for the test above to mean something."""
    assert len(set(NAMED.findall((ROOT / "docs/architecture.md").read_text(encoding="utf-8")))) > 10
