"""Counts that other projects publish with their tests; shared/vectors has them beside the checkout."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from tokenizer_registry.registry import Registry

ROOT = Path(__file__).parents[2]
# Beside the checkout, or beside the folder in which it is a worktree.
FOLDERS = [beside / "shared" / "vectors" for beside in (ROOT.parent, ROOT.parents[1])]
FOLDER = next((folder for folder in FOLDERS if folder.exists()), FOLDERS[0])


@pytest.mark.parametrize("file", ["baichuan_chatglm_cpp.jsonl", "llama_cpp.jsonl", "jtokkit_testplans.jsonl"])
def test_counts_are_those_of_other_projects(fast: Registry, file: str) -> None:
    """Every vector has the published count with the vocabulary that it names."""
    if not (FOLDER / file).exists():
        pytest.skip(f"There is no shared/vectors/{file} beside the checkout.")
    different = defaultdict(list)
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        vector = json.loads(line)
        if fast.vocabulary(vector["vocab"]).count(vector["text"]) != vector["count"]:
            different[vector["src"]].append(vector["text"])
    assert different == {}
