"""The texts that tools, calls and results are counted as, written out for one function."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.anthropic_tools import function_line
from tokenizer_registry.chat.gemini_declarations import call_of, declaration_of, response_of
from tokenizer_registry.chat.gemini_nodes import node_count, tool_texts, value_texts
from tokenizer_registry.chat.gemini_stubs import stub_of
from tokenizer_registry.chat.json_texts import compact, parsed
from tokenizer_registry.chat.openai_tools import NotedKeys, function_renderer, namespace_of
from tokenizer_registry.chat.reference_sizes import ReferenceBudget, UncountableSchema
from tokenizer_registry.chat.request import Tool
from tokenizer_registry.chat.schemas import expanded, without_keys
from tokenizer_registry.chat.tool_memory import MAX_KEPT_CHARACTERS, KeptTools, remembered

PARAMETERS = {
    "type": "object",
    "properties": {
        "boat": {
            "type": "object",
            "title": "Boat",
            "properties": {
                "length_m": {"type": "number", "description": "Over all"},
                "flags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["length_m"],
        },
        "side": {"type": "string", "enum": ["port", "starboard"], "default": "port"},
        "nights": {"type": "integer", "description": "How many"},
    },
    "required": ["boat", "nights"],
    "additionalProperties": False,
}
BERTH = Tool("book_berth", "Reserve a berth.\nFor one boat.", PARAMETERS, "")
TIDE = Tool("tide", "", None, "")

NAMESPACE = """namespace functions {

// Reserve a berth.
For one boat.
type book_berth = (_: {
// Boat
boat: {
  // Over all
  length_m: number,
  flags?: string[],
},
side?: "port" | "starboard", // default: "port"
// How many
nights: number,
}) => any;

type tide = () => any;

} // namespace functions"""

# An underscore stands for a blank at the end of a line.
STUB = '''@dataclasses.dataclass(kw_only=True)
class BookBerthBoat:
  """

  Attributes:
    length_m: Over all
    flags:_
  """
  length_m: float
  flags: list[str] | None = None

def book_berth(
    boat: BookBerthBoat,
    nights: int,
    side: Literal['port', 'starboard'] | None = None,
) -> dict:
  """Reserve a berth.
  For one boat.

  Args:
    boat:_
    nights: How many
    side:_
  """

'''


def test_openai_has_a_namespace() -> None:
    """With comments, optional properties, nested objects, enums and defaults."""
    noted, search = NotedKeys(nested=True, strict_defaults=True), Tool("search", "", None, "", builtin="search")
    for tools in ((BERTH, search, TIDE), KeptTools((BERTH, search, TIDE))):
        found = [namespace_of(tools, noted, ReferenceBudget()) for _ in range(2)]
        assert found == [(NAMESPACE, 2, 1, 0)] * 2


def test_older_openai_models_note_nothing_inside_objects() -> None:
    """Neither titles nor descriptions below the first level."""
    found = function_renderer(NotedKeys(nested=False, strict_defaults=True))(BERTH).text
    assert "Over all" not in found
    assert "// How many" in found


def test_defaults_of_strict_functions_are_left_out_where_the_rule_says_so() -> None:
    """And only of strict ones."""
    render = function_renderer(NotedKeys(nested=True, strict_defaults=False))
    assert "default" in render(BERTH).text
    assert "default" not in render(Tool("book_berth", "", PARAMETERS, "", is_strict=True)).text


def test_claude_has_a_line() -> None:
    """With blanks after commas and colons; without a description if it is empty."""
    tide = Tool("tide", "", {"type": "object"}, "")
    assert function_line(tide) == '<function>{"name": "tide", "parameters": {"type": "object"}}</function>\n'
    assert (
        function_line(Tool("a", "Ä", {}, ""))
        == '<function>{"description": "Ä", "name": "a", "parameters": {}}</function>\n'
    )


def test_gemini_2_5_has_a_stub() -> None:
    """Required parameters first, each group by name, objects as classes above."""
    assert stub_of(BERTH) == STUB.replace(":_", ": ")
    assert stub_of(TIDE) == 'def tide(\n) -> dict:\n  """\n\n  Args:\n  """\n\n'


def test_gemini_3_has_a_declaration() -> None:
    """Keys in alphabetical order, types in capitals, each string between two control tokens."""
    tool = Tool(
        "tide",
        "High or low",
        {"type": "object", "properties": {"at": {"type": "string", "title": "At"}}, "additionalProperties": False},
        "",
    )
    found = declaration_of(tool)
    joined = "~".join(found.texts)
    properties = "properties:{at:{title:~At~,type:~STRING~}}"
    assert joined == f"declaration:tide{{description:~High or low~,parameters:{{{properties},type:~OBJECT~}}}}"
    assert found.control_tokens == joined.count("~")
    assert "~".join(declaration_of(TIDE).texts) == "declaration:tide{parameters:{type:~OBJECT~}}"


def test_gemini_3_has_calls_and_responses() -> None:
    """In the same syntax, with numbers and booleans bare."""
    call = call_of("tide", {"b": [1, "x"], "a": True, "c": None})
    assert "~".join(call.texts) == "call:tide{a:true,b:[1,~x~],c:null}"
    assert "~".join(response_of("tide", "low").texts) == "response:tide{value:~low~}"


def test_google_counts_texts_and_schemas() -> None:
    """As its own local counter collects them; one more for each schema."""
    texts, nodes = tool_texts(BERTH)
    assert nodes == node_count(PARAMETERS) == 7
    assert texts[:2] == ["book_berth", "Reserve a berth.\nFor one boat."]
    assert sorted(texts[2:]) == sorted(
        [
            "boat",
            "nights",
            "boat",
            "side",
            "nights",
            "length_m",
            "length_m",
            "flags",
            "Over all",
            "port",
            "starboard",
            "How many",
        ]
    )
    assert list(value_texts({"a": ["x", {"b": "y"}], "c": 1})) == ["a", "x", "b", "y", "c"]


def test_references_are_written_out_where_they_stand() -> None:
    """With what stands beside them; a schema without any is returned as it is."""
    fish = {"type": "object", "properties": {"kind": {"type": "string"}}}
    schema = {"properties": {"a": {"$ref": "#/$defs/a~1b", "title": "A"}}, "$defs": {"a/b": fish}}
    assert expanded(schema) == {"properties": {"a": {**fish, "title": "A"}}}
    assert expanded(fish) is fish
    with pytest.raises(UncountableSchema, match=r"at https://example\.org"):
        expanded({"$ref": "https://example.org/schema"})


def test_keywords_are_left_out_and_properties_of_their_name_are_not() -> None:
    """At every level."""
    schema = {"title": "A", "properties": {"title": {"title": "B", "type": "string"}}, "items": [{"title": "C"}]}
    assert without_keys(schema, frozenset({"title"})) == {"properties": {"title": {"type": "string"}}, "items": [{}]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_compact_json_is_the_same_value(value: Any) -> None:
    """Whether it is given as a value or, but for a string, as JSON text."""
    if not isinstance(value, str):
        assert parsed(compact(value)) == value
        assert compact(compact(value)) == compact(value)


def test_arguments_that_are_no_json_stay_as_they_are() -> None:
    """Models write broken JSON at times."""
    assert compact('{"a": ') == '{"a": '
    assert parsed('{"a": ') == '{"a": '
    assert parsed("") == {}


@pytest.mark.parametrize("size", [10, MAX_KEPT_CHARACTERS + 1])
def test_a_tool_is_rendered_the_same_again(size: int) -> None:
    """Small ones once, large ones each time; tools that differ in anything are apart."""
    rendered: list[str] = []

    def render(tool: Tool) -> tuple[str, Any]:
        rendered.append(tool.name)
        return tool.description, tool.parameters

    remember = remembered(render)
    tools = [Tool("a", "x" * size, {"b": [1, None]}, "", is_strict=strict) for strict in (False, True)]
    answers = [remember(tool) for tool in (*tools, *tools)]
    assert answers == [("x" * size, {"b": [1, None]})] * 4
    assert len(rendered) == (2 if size <= MAX_KEPT_CHARACTERS else 4)
