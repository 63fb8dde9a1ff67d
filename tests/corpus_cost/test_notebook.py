"""The notebook in docs/corpora.md runs from top to bottom, and shows what a reader expects."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "corpora.md"


def test_the_notebook_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block works after those before it; counts, costs and plots are there at the end."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    known: dict[str, Any] = {}
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)):
        exec(compile(block, f"{DOCUMENT.name}, block {number + 1}", "exec"), known)
    assert known["counted"]["tokens"].to_list()[3:] == [None, 0]
    assert known["counted"]["usd"].to_list()[0] == Decimal("0.0000025") * known["counted"]["tokens"].to_list()[0]
    assert [model.way.model for model in known["found"].models if model.usd] == known["models"]
    assert Path("corpus.png").read_bytes().startswith(b"\x89PNG")
