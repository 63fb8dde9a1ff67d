"""Requests of our own: their counts are held, and what cannot be counted says what is missing."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.parts import ChatCount, ChatParts
from tokenizer_registry.chat.rules import generation_of
from tokenizer_registry.errors import UnknownModel

REQUESTS = Path(__file__).parents[2] / "data" / "chat" / "requests.jsonl"
ROWS = [json.loads(line) for line in REQUESTS.read_text(encoding="utf-8").splitlines()]


def count(shape: str, body: Any, model: str, host: str | None = None, at: date | None = None) -> ChatCount:
    """Count with the shipped models."""
    return count_request(package_registry(), shape, body, model, host, at)


def chat(content: Any, **others: Any) -> dict[str, Any]:
    """Return a chat of one message of the user."""
    return {"messages": [{"role": "user", "content": content}], **others}


def tool(parameters: Any, name: str = "weigh") -> dict[str, Any]:
    """Return a function in OpenAI's shape."""
    return {"type": "function", "function": {"name": name, "description": "Weigh it.", "parameters": parameters}}


def test_there_are_many_requests_of_our_own() -> None:
    """Every shape and family has some."""
    assert len(ROWS) >= 150
    assert len({row["name"] for row in ROWS}) == len(ROWS)
    assert set(Counter(row["shape"] for row in ROWS)) >= {
        "openai_chat",
        "openai_responses",
        "anthropic_messages",
        "gemini_contents",
    }


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_requests_keep_their_counts(row: dict[str, Any]) -> None:
    """The whole with method and band, each part, and what is missing."""
    counted = count(row["shape"], row["request"], row["model"], row["host"])
    parts = {
        name: [part.tokens, part.low, part.high]
        for name, part in counted.parts._asdict().items()
        if part.tokens != 0 or part.missing
    }
    found = (counted.tokens, counted.method, counted.low, counted.high, parts, list(counted.missing))
    assert found == (row["tokens"], row["method"], row["low"], row["high"], row["parts"], row["missing"])


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_parts_add_up_and_lie_in_their_bands(row: dict[str, Any]) -> None:
    """The whole is the sum of its parts, exact only if all are, and None only with something missing."""
    counted = count(row["shape"], row["request"], row["model"], row["host"])
    parts: ChatParts = counted.parts
    if counted.tokens is None:
        assert counted.missing
        assert counted.method == "none"
        return
    assert counted.tokens == sum(part.tokens or 0 for part in parts)
    assert (counted.method == "exact") == all(part.method == "exact" for part in parts)
    for part in parts:
        assert part.tokens is not None
        assert part.high is not None
        assert 0 <= part.low <= part.tokens <= part.high
        assert part.method == "exact" or part.rule
        assert part.method == "estimate" or part.low == part.high


def test_an_unknown_model_and_an_unknown_shape_are_errors() -> None:
    """Neither is guessed."""
    with pytest.raises(UnknownModel):
        count("openai_chat", chat("Hi"), "gpt-900")
    with pytest.raises(BadChatRequest, match="must have one of the shapes"):
        count("telegram", chat("Hi"), "gpt-4o")


def test_a_model_without_rules_or_vocabulary_has_no_number() -> None:
    """It says which of the two is missing."""
    assert count("openai_chat", chat("Hi"), "falcon-7b-instruct").missing == (
        "text: a rule for chats of falcon-7b-instruct",
    )
    assert count("openai_chat", chat("Hi"), "command-r").missing == ("text: a vocabulary of command-r",)


@pytest.mark.parametrize(
    ("model", "does"),
    [
        ("gpt-3.5-turbo-instruct", "continues a text"),
        ("gpt-35-turbo-instruct", "continues a text"),
        ("davinci-002", "continues a text"),
        ("qwen3-4b-base", "continues a text"),
        ("text-davinci-edit-001", "edits a text"),
        ("nova-2-multimodal-embeddings", "gives the vector of a text"),
        ("text-embedding-3-small", "gives the vector of a text"),
    ],
)
def test_a_model_without_messages_has_no_chat(model: str, does: str) -> None:
    """Completions, edits and embeddings, although their names begin as those of chat models do."""
    found = count("openai_chat", chat("Hi"), model)
    assert (found.tokens, found.high) == (None, None)
    assert found.missing == (
        f"text: a chat form of {found.model}, which {does} and takes no messages: count its input as a text",
    )


def test_no_embedding_has_a_chat() -> None:
    """By the facts of models, whatever their names begin with."""
    registry = package_registry()
    outputs = {model: registry.facts[model].output_modalities for model in registry.models}
    embeddings = [model for model, output in outputs.items() if output is not None and output.value == ("embedding",)]
    assert len(embeddings) >= 100
    assert [model for model in embeddings if generation_of(model) is not None] == []


def test_rules_have_dates() -> None:
    """The Responses API counted more in its first weeks; before a rule's first day there is no number."""
    body = {"input": "Hi", "model": "gpt-4o"}
    today, then = (
        count("openai_responses", body, "gpt-4o"),
        count("openai_responses", body, "gpt-4o", None, date(2025, 3, 20)),
    )
    assert today.tokens is not None
    assert then.tokens == today.tokens + 18
    early = count("openai_chat", chat("Hi"), "gpt-4o", None, date(2020, 1, 1))
    assert early.missing == ("text: a rule openai-frame for gpt-4o that held on 2020-01-01",)


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "gemini-3-pro-preview"])
@pytest.mark.parametrize(
    ("definitions", "missing"),
    [
        ({"A": {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}}, "recursive #/$defs/A"),
        ({}, "the definition #/$defs/A"),
        (
            {
                "A": {"type": "object", "properties": {str(n): {"$ref": "#/$defs/B"} for n in range(600)}},
                "B": {"type": "object", "properties": {str(n): {"$ref": "#/$defs/C"} for n in range(600)}},
                "C": {"type": "string"},
            },
            "at most 20000 values",
        ),
        (
            {
                **{f"{n}": {"properties": {"a": {"$ref": f"#/$defs/{n + 1}"}}} for n in range(500)},
                "A": {"$ref": "#/$defs/0"},
                "500": {"type": "string"},
            },
            "levels deep",
        ),
    ],
)
def test_references_that_cannot_be_written_out_have_no_number(model: str, definitions: Any, missing: str) -> None:
    """Recursive, missing, and those that would grow without end."""
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": definitions}
    counted = count("openai_chat", chat("Hi", tools=[tool(parameters)]), model)
    if model == "claude-sonnet-4-5":
        # Its tools are counted as they were sent, with their definitions.
        assert counted.tokens is not None
        return
    assert counted.tokens is None
    assert missing in counted.missing[0]


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    """`$defs`, `definitions`, `title` and `$ref` are names like others where properties stand."""
    names = ["definitions", "title", "$defs", "additionalProperties", "properties"]
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    plain = {"type": "object", "properties": {f"{name}": {"type": "string"} for name in names[:1]}}
    assert (count("openai_chat", chat("Hi", tools=[tool(parameters)]), "gpt-4o").tokens or 0) > (
        count("openai_chat", chat("Hi", tools=[tool(plain)]), "gpt-4o").tokens or 0
    )


def test_deep_bodies_are_refused() -> None:
    """However deep they are, and without recursion."""
    nested: Any = {"type": "string"}
    for _ in range(5_000):
        nested = {"type": "array", "items": nested}
    with pytest.raises(BadChatRequest, match="nested deeper than 100 levels"):
        count("openai_chat", chat("Hi", tools=[tool(nested)]), "gpt-4o")


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "gemini-3-pro-preview"])
def test_each_of_many_messages_and_tools_counts_the_same(model: str) -> None:
    """Ten thousand messages cost what each costs; so do a thousand results in a row and a thousand tools."""
    one, two = (count("openai_chat", chat("Hi", tools=[tool({})] * n), model).tokens or 0 for n in (1, 2))
    many = count("openai_chat", chat("Hi", tools=[tool({})] * 1000), model).tokens
    assert many == one + 999 * (two - one)
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}] * 5_000
    three, five = (count("openai_chat", {"messages": turns[:n]}, model).tokens or 0 for n in (3, 5))
    last = {"messages": [*turns, {"role": "user", "content": "Hi"}]}
    assert count("openai_chat", last, model).tokens == three + 4_999 * (five - three)
    results = [{"role": "tool", "tool_call_id": "1", "content": "Hi"}] * 1000
    assert count("openai_chat", {"messages": results}, model).tokens is not None


def test_ten_megabytes_of_tools_are_counted() -> None:
    """Without recursion in their number, and in linear time."""
    tools = [tool({"type": "object", "properties": {"a": {"type": "string", "description": "x " * 500}}})] * 10_000
    assert (count("openai_chat", chat("Hi", tools=tools), "gpt-4o").tokens or 0) > 5_000_000


def test_user_text_never_forms_a_control_token() -> None:
    """Control strings are text and cost as many tokens as their characters give."""
    counted = count("openai_chat", chat("<|im_start|>system<|im_end|><|endoftext|>"), "gpt-4o")
    assert (counted.parts.text.tokens or 0) > 10
    assert counted.parts.frame == count("openai_chat", chat("Hi"), "gpt-4o").parts.frame


def test_a_request_of_another_shape_is_translated() -> None:
    """The same chat in four shapes costs the same for one model, whichever family it is of."""
    shapes = {
        "openai_chat": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
        "openai_responses": {"instructions": "Be brief.", "input": "Hi"},
        "anthropic_messages": {"system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}]},
        "gemini_contents": {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [{"parts": [{"text": "Hi"}]}],
        },
    }
    for model in ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"):
        assert len({count(shape, body, model).tokens for shape, body in shapes.items()}) == 1


def test_a_host_that_was_never_compared_gives_an_estimate() -> None:
    """Its frame may be another; hosts are known by several names."""
    known = count("openai_chat", chat("Hi"), "gpt-4o", "azure")
    other = count("openai_chat", chat("Hi"), "gpt-4o", "somebody")
    assert (known.method, known.host) == ("exact", "azure-openai")
    assert (other.method, other.tokens) == ("estimate", known.tokens)
    assert "unlisted-host" in other.parts.frame.rule
    assert count("gemini_contents", {"contents": "Hi"}, "gemini-2.5-flash", "Vertex_AI").host == "google-vertex"


def test_thoughts_and_signatures_are_not_sent_to_another_family() -> None:
    """A gateway leaves them out, so that they cost nothing and nothing is missing."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    asked = {"role": "user", "content": "Hi"}
    with_thought = {"messages": [asked, {"role": "assistant", "content": [thought, {"type": "text", "text": "Ho"}]}]}
    without = {"messages": [asked, {"role": "assistant", "content": [{"type": "text", "text": "Ho"}]}]}
    for model in ("gpt-4o", "gemini-3-pro-preview"):
        counted = count("anthropic_messages", with_thought, model)
        assert counted.tokens == count("anthropic_messages", without, model).tokens
    assert count("anthropic_messages", with_thought, "claude-opus-4-6").missing


def result_and(*beside: dict[str, Any]) -> dict[str, Any]:
    """Return a request of Anthropic's with the result of a call, and blocks beside it."""
    call = {"type": "tool_use", "id": "1", "name": "weigh", "input": {"load": "sand"}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "40 t"}
    turns = [("user", "Weigh it."), ("assistant", [call]), ("user", [result, *beside])]
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5", "claude-sonnet-4-5", "gemini-2.5-flash", "gpt-oss-120b"])
def test_a_text_beside_a_result_is_counted(model: str) -> None:
    """Whatever the family's own shape does with it."""
    text = "Now say in many words what that is in pounds, and whether the lorry may cross the old bridge."
    alone = count("anthropic_messages", result_and(), model)
    beside = count("anthropic_messages", result_and({"type": "text", "text": text}), model)
    assert (beside.tokens or 0) - (alone.tokens or 0) >= len(text.split())


def test_an_image_beside_a_result_is_a_message_of_its_own() -> None:
    """For OpenAI, with the frame of one."""
    image = {"type": "image", "source": {"type": "url", "url": "http://a/b", "width": 100, "height": 100}}
    frames = [count("anthropic_messages", result_and(*beside), "gpt-4o").parts.frame for beside in ([], [image])]
    assert (frames[1].tokens or 0) - (frames[0].tokens or 0) == 4


def test_calls_of_gemini_are_calls_of_tools() -> None:
    """They have no ids, and cost an OpenAI model what they cost in a shape with ids."""
    call, result = {"name": "weigh", "args": {"load": "sand"}}, {"name": "weigh", "response": {"load": "40 t"}}
    turns = [("user", {"text": "Weigh it."}), ("model", {"functionCall": call}), ("user", {"functionResponse": result})]
    gemini = {"contents": [{"role": role, "parts": [part]} for role, part in turns]}
    counted = count("gemini_contents", gemini, "gpt-4o").parts.tool_calls
    text = count("openai_chat", chat(json.dumps(result["response"], separators=(",", ":"))), "gpt-4o").parts.text
    other = count("anthropic_messages", result_and(), "gpt-4o").parts.tool_calls
    plain = count("openai_chat", chat("40 t"), "gpt-4o").parts.text
    assert (counted.tokens or 0) - (text.tokens or 0) == (other.tokens or 0) - (plain.tokens or 0)


def test_custom_calls_are_kept_as_unknown() -> None:
    """They are valid, and what they cost is not known."""
    call = {"id": "1", "type": "custom", "custom": {"name": "weigh", "input": "sand"}}
    body = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [call]}]}
    assert count("openai_chat", body, "gpt-4o").missing == ("text: what messages[1].tool_calls[0] (custom) costs",)


def test_what_is_missing_stays_short() -> None:
    """Many thousands of places, and names of any length."""
    counted = count("openai_chat", chat([{"type": "x" * 100_000}] * 1_000), "gpt-4o")
    assert len(counted.missing) == 21
    assert counted.missing[-1] == "text: 980 more"
    assert max(map(len, counted.missing)) < 250


@pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemini-2.5-flash", "gemini-3-pro-preview"])
@pytest.mark.parametrize("arguments", ["[1, 2]", '{"load": "sand', "sand " * 100])
def test_arguments_that_are_no_object_are_not_left_out(model: str, arguments: str) -> None:
    """Gemini takes none, so that there is no number rather than one without them."""
    call = {"id": "1", "type": "function", "function": {"name": "weigh", "arguments": arguments}}
    body = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "tool_calls": [call]}]}
    assert count("openai_chat", body, model).missing == (
        "tool_calls: messages[1].tool_calls[0]: arguments that are an object",
    )


@pytest.mark.parametrize("source", [{"type": "text", "data": "sand " * 50}, {"type": "base64", "pages": 2}])
def test_a_title_and_a_context_of_a_document_are_counted(source: dict[str, Any]) -> None:
    """The provider may leave them out: the least is what it is without them, but for rounding."""
    document = {"type": "document", "source": source}
    bare = count("anthropic_messages", chat([document]), "claude-sonnet-4-5").parts.files
    said = {**document, "title": "Sand", "context": "What the dunes are made of."}
    named = count("anthropic_messages", chat([said]), "claude-sonnet-4-5").parts.files
    assert bare.tokens is not None
    assert named.tokens is not None
    assert named.tokens > bare.tokens + 5
    assert named.method == "estimate"
    assert bare.low - 1 <= named.low <= bare.low


@pytest.mark.parametrize(
    ("width", "height", "method", "tokens"),
    [(3840, 2160, "exact", 1560), (4000, 1500, "estimate", 1564), (4001, 1500, "estimate", 1176)],
)
def test_a_long_image_that_is_made_smaller_is_an_estimate(width: int, height: int, method: str, tokens: int) -> None:
    """One has the number of the provider's table, which the rule for all others does not give; it is in their bands."""
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com"}, "width": width, "height": height}
    found = count("anthropic_messages", chat([image]), "claude-sonnet-4-5").parts.images
    assert (found.method, found.tokens) == (method, tokens + 3)
    assert found.high is not None
    assert width == 3840 or found.low <= 1564 + 3 <= found.high
