"""What counts as the definition of a class name."""

from scripts.class_names import definitions

SOURCE = """
from typing import TypeAlias, TypeVar

Value = TypeVar("Value")
Answer = int | None
Named: TypeAlias = dict[str, int]
LIMIT = 3
Module_like = 4

class Outer:
    Inside = int

    class Inner:
        pass

def function():
    Local = int
"""


def test_classes_and_aliases_are_found() -> None:
    """Type parameters, constants and variables of functions and classes are no definitions."""
    assert sorted(name for name, _ in definitions(SOURCE)) == ["Answer", "Inner", "Named", "Outer"]
