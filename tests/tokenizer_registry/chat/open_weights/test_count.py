"""Whole requests to open models: equal to their owners' encoders, held from falling, and bounded."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.errors import UncountableText

DATA = Path(__file__).parents[3] / "data" / "chat"
TODAY = date(2026, 11, 28)
OWN = [json.loads(line) for line in (DATA / "open_requests.jsonl").read_text(encoding="utf-8").splitlines()]
MISTRAL = json.loads((DATA / "mistral_counts.json").read_text(encoding="utf-8"))["cases"]
HARMONY = json.loads((DATA / "harmony_counts.json").read_text(encoding="utf-8"))["cases"]
# A model that each of Mistral's templates counts.
MISTRAL_MODELS = {
    "mistral-v1": "mistral-7b-instruct-v0.2",
    "mistral-v2": "mistral-large-2402",
    "mistral-v3": "mistral-7b-instruct-v0.3",
    "mistral-v7": "mistral-large-2411",
    "mistral-v3-tekken": "open-mistral-nemo",
    "mistral-v7-tekken": "mistral-small-2503",
    "mistral-v11": "mistral-small-2506",
    "mistral-v13": "mistral-large-2512",
}


def count(body: Any, model: str, host: str | None = "vllm") -> ChatCount:
    """Count a request in OpenAI's shape with the shipped models."""
    return count_request(package_registry(), "openai_chat", body, model, host, TODAY)


def chat(content: Any, **others: Any) -> dict[str, Any]:
    """Return a chat of one message of the user."""
    return {"messages": [{"role": "user", "content": content}], **others}


def tool(parameters: Any) -> dict[str, Any]:
    """Return a function in OpenAI's shape."""
    return {"type": "function", "function": {"name": "weigh", "description": "Weigh it.", "parameters": parameters}}


@pytest.mark.parametrize("case", MISTRAL, ids=[f"{case['template']}, {case['case']}" for case in MISTRAL])
def test_mistrals_templates_count_as_its_encoder_does(case: dict[str, Any]) -> None:
    """All versions of eight, with tools, steps and control strings."""
    assert count(case["request"], MISTRAL_MODELS[case["template"]]).tokens == case["tokens"]


@pytest.mark.parametrize("case", HARMONY, ids=[case["case"] for case in HARMONY])
def test_gpt_oss_is_counted_as_openais_renderer_does(case: dict[str, Any]) -> None:
    """Instructions, tools, steps, thoughts and control strings."""
    assert count(case["request"], "gpt-oss-120b").tokens == case["tokens"]


@pytest.mark.parametrize("row", OWN, ids=[row["name"] for row in OWN])
def test_requests_of_our_own_keep_their_counts(row: dict[str, Any]) -> None:
    """The whole with method and band, each part, and what is missing."""
    counted = count(row["request"], row["model"], row["host"])
    parts = {
        name: [part.tokens, part.low, part.high]
        for name, part in counted.parts._asdict().items()
        if part.tokens != 0 or part.missing
    }
    found = (counted.tokens, counted.method, counted.low, counted.high, parts, list(counted.missing))
    assert found == (row["tokens"], row["method"], row["low"], row["high"], row["parts"], row["missing"])


def test_there_are_enough_requests_of_our_own() -> None:
    """With names of their own, of most families."""
    assert len({row["name"] for row in OWN}) == len(OWN) >= 40
    assert len({row["model"] for row in OWN}) >= 30


@pytest.mark.parametrize("host", ["vllm", "sglang", "transformers", "cerebras"])
def test_a_host_that_renders_the_publishers_template_is_exact(host: str) -> None:
    """By its own statement, or as measured."""
    assert count(chat("Where is Nordhaven?"), "llama-3.3-70b-instruct", host).method == "exact"


@pytest.mark.parametrize("host", [None, "a-host-of-nobody", "fireworks"])
def test_other_hosts_get_an_estimate(host: str | None) -> None:
    """With the template's number, and a band for what the host may add."""
    found = count(chat("Where is Nordhaven?"), "llama-3.3-70b-instruct", host)
    exact = count(chat("Where is Nordhaven?"), "llama-3.3-70b-instruct")
    assert (found.method, found.tokens) == ("estimate", exact.tokens)
    assert found.high is not None
    assert found.low < exact.low < found.high


def test_a_template_in_a_request_is_refused() -> None:
    """It would be somebody else's program."""
    with pytest.raises(BadChatRequest, match=r"^chat_template is not rendered"):
        count(chat("Hi", chat_template="{{ messages }}"), "llama-3.3-70b-instruct")
    with pytest.raises(BadChatRequest, match=r"^chat_template_kwargs.chat_template is not rendered"):
        count(chat("Hi", chat_template_kwargs={"chat_template": "{{ messages }}"}), "llama-3.3-70b-instruct")


def test_a_conversation_that_the_template_refuses_is_refused_with_its_words() -> None:
    """Gemma 2 has no role for the system."""
    body = {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}
    with pytest.raises(BadChatRequest, match=r"^messages are refused by the chat template of gemma-2-9b-it: System"):
        count(body, "gemma-2-9b-it")


def test_options_of_a_request_go_to_the_template() -> None:
    """An empty thought is four tokens in Qwen 3; options do not replace the conversation."""
    thinking = count(chat("Hi"), "qwen3-32b").tokens
    assert thinking is not None
    options = {"enable_thinking": False, "messages": [], "bos_token": "<|im_start|>", "strftime_now": 1}
    assert count(chat("Hi", chat_template_kwargs={"enable_thinking": False}), "qwen3-32b").tokens == thinking + 4
    assert count(chat("Hi", reasoning_effort="none"), "qwen3-32b").tokens == thinking + 4
    assert count(chat("Hi", chat_template_kwargs=options), "qwen3-32b").tokens in {None, thinking + 4}


def test_tools_are_left_out_where_none_may_be_called() -> None:
    """As DeepSeek, Groq and Mistral count."""
    body = chat("Hi", tools=[tool({"type": "object", "properties": {}})])
    assert count(body | {"tool_choice": "none"}, "qwen3-32b").tokens == count(chat("Hi"), "qwen3-32b").tokens


def test_parts_add_up_to_the_whole() -> None:
    """Text, frame, tools and calls of one request."""
    row = next(row for row in OWN if row["name"].startswith("a step, gpt-oss-120b"))
    found = count(row["request"], row["model"], row["host"])
    assert sum(part.tokens or 0 for part in found.parts) == found.tokens
    assert found.parts.tools.tokens
    assert found.parts.tool_calls.tokens


def test_an_image_without_size_and_a_sound_have_no_number() -> None:
    """The parts say what is missing."""
    image = chat([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}])
    assert count(image, "qwen2.5-vl-72b-instruct").missing == ("images: messages[0].content[0]: width, height",)
    sound = chat([{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}])
    assert count(sound, "qwen3-32b").missing == ("audio: how qwen3-32b counts messages[0].content[0]",)


HOSTILE_MODELS = ["llama-3.3-70b-instruct", "gpt-oss-120b", "gemma-4-31b-it", "mistral-large-2512", "qwen3.5-9b"]


@pytest.mark.parametrize("model", HOSTILE_MODELS)
def test_ten_thousand_messages_have_a_count_or_a_reason(model: str) -> None:
    """A rendering that takes too long is given up and says so."""
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": f"message {place}"} for place in range(9_999)]
    found = count({"messages": messages}, model)
    assert (found.tokens is not None and found.tokens > 30_000) or "too long to render" in found.missing[0]


@pytest.mark.parametrize("model", HOSTILE_MODELS)
def test_ten_megabytes_of_brackets_are_counted(model: str) -> None:
    """Every one of which could begin a control token."""
    found = count(chat("<|im_start|> [INST] " * 500_000), model)
    assert found.tokens is not None
    assert found.tokens > 1_000_000


@pytest.mark.parametrize("model", HOSTILE_MODELS)
def test_schemas_that_refer_to_themselves_and_nest_are_counted(model: str) -> None:
    """Templates print references and do not follow them; what is nested too deeply is refused."""
    recursive = {"$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}
    assert count(chat("Hi", tools=[tool(recursive)]), model).tokens is not None
    nested: dict[str, Any] = {"type": "string"}
    for _ in range(20):
        nested = {"type": "object", "properties": {"inner": nested}}
    assert count(chat("Hi", tools=[tool(nested)]), model).tokens is not None
    for _ in range(100):
        nested = {"type": "array", "items": nested}
    with pytest.raises(BadChatRequest, match="nested deeper"):
        count(chat("Hi", tools=[tool(nested)]), model)


def test_a_lone_surrogate_is_refused_wherever_it_stands() -> None:
    """In a text, and in the description of a tool."""
    for body in (chat("a\udc00b"), chat("Hi", tools=[tool({"type": "object", "description": "\udc00"})])):
        with pytest.raises(UncountableText):
            count(body, "qwen3-32b")
