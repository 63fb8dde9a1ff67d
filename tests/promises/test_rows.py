"""The table of promises itself."""

import ast
from pathlib import Path

import pytest

from tests.promises.rows import PROMISES

ROOT = Path(__file__).parents[2]
PLACES = sorted({place for promise in PROMISES.values() for place in promise.places})


@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_a_test(place: str) -> None:
    """A test that is renamed or taken away does not silently leave a promise without its proof."""
    path, _, name = place.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert (name in functions) if name else any(function.startswith("test_") for function in functions)


def test_numbers_do_not_change() -> None:
    """Promises are numbered from 1 to 49, without a gap."""
    assert list(PROMISES) == list(range(1, 50))
