"""The line of a place in JSON, beside a slow search for a marked value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.playground.json_lines import line_of

TEXT = """
{
  "a": [1, {"b": "x\\"]"}, [
    2]],
  "messages": [
    {"role": "user"},
    {"role":
      "oracle"}
  ], "c.d": 1
}"""
MARK = "the marked value"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 2), ("a", 3), ("a[1].b", 3), ("a[2][0]", 4), ("messages[0].role", 6), ("messages[1].role", 8),
        ("messages[1].name", 7), ("messages[9]", 5), ("a.b", 3), ("nothing[1]", 2),
    ],
)  # fmt: skip
def test_a_path_has_the_line_of_its_value(path: str, line: int) -> None:
    """As much of the path as is there decides."""
    assert line_of(TEXT, path) == line


@given(VALUES, st.data())
def test_every_place_is_found(value: object, data: st.DataObject) -> None:
    """Wherever a value is, its line is that on which a search finds it."""
    steps: list[str | int] = []
    inner = value
    while isinstance(inner, dict | list) and inner and data.draw(st.booleans()):
        step = data.draw(st.sampled_from(list(inner) if isinstance(inner, dict) else list(range(len(inner)))))
        steps.append(step)
        inner = inner[step]
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
    text = json.dumps(value, indent=1)
    if not steps:
        assert line_of(text, path) == 1
        return
    holder: object = value
    for step in steps[:-1]:
        holder = holder[step]  # type: ignore[index]  # as above
    holder[steps[-1]] = MARK  # type: ignore[index]  # as above
    marked = json.dumps(value, indent=1).split("\n")
    assert MARK in marked[line_of(text, path) - 1]
