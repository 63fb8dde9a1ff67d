"""The texts that OpenAI publishes for its renderer of gpt-oss, beside what the shipped template gives for requests."""

import json
from datetime import date
from typing import Any

import pytest

from tests.tokenizer_registry.chat.open_weights.test_count import DATA
from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request, read_request
from tokenizer_registry.chat.open_weights.conversation import messages_of, tools_of
from tokenizer_registry.chat.open_weights.provenance import texts_between
from tokenizer_registry.chat.open_weights.sandbox import render
from tokenizer_registry.chat.open_weights.shipped import shipped_templates

CASES = json.loads((DATA / "harmony_texts.json").read_text(encoding="utf-8"))["cases"]
# Its schema has a number as the default beside `oneOf`, with which the template fails, wherever it is rendered.
FAILING = "render_functions_with_parameters"
# The day in those texts that have one. The template writes it always, and needs a message.
TODAY = date(2025, 6, 28)
DAY_LINE = "Current date: 2025-06-28\n"
USER = {"role": "user", "content": "Hi"}
WEIGH = {"type": "function", "function": {"name": "weigh", "parameters": {"type": "object", "properties": {}}}}
NO_MESSAGE = "<|start|>user<|message|><|end|>"


def rendered(request: dict[str, Any], text: str) -> str:
    """Return what the template gives, without what the published text leaves out."""
    template, common = shipped_templates()["gpt-oss"], read_request("openai_chat", request)
    variables = {
        **common.template_options,
        "messages": messages_of(common, takes_images=False),
        "tools": tools_of(common) or None,
        "add_generation_prompt": True,
    }
    found = render(template.name, variables, TODAY).replace(NO_MESSAGE, "")
    if text.startswith("<|start|>user"):
        return found[found.index("<|start|>user") :]
    return found if DAY_LINE in text else found.replace(DAY_LINE, "")


def tokens(text: str) -> list[int]:
    """Return the tokens of each text between control tokens."""
    counter = package_registry().counter("o200k_base")
    return counter.count_batch(texts_between(text, shipped_templates()["gpt-oss"].controls))


@pytest.mark.parametrize("case", [case for case in CASES if case["case"] != FAILING], ids=lambda case: case["case"])
def test_the_template_gives_the_published_texts(case: dict[str, Any]) -> None:
    """Without a difference but two line feeds that the template puts behind instructions; these cost nothing here."""
    found, text = rendered(case["request"], case["text"]), case["text"]
    assert found.replace("like a robot.\n\n<|end|>", "like a robot.<|end|>") == text
    assert tokens(found) == tokens(text)


def test_a_request_with_which_the_template_fails_has_no_number() -> None:
    """It says so, in place of a number that no host of the template gives."""
    (case,) = [case for case in CASES if case["case"] == FAILING]
    found = count_request(package_registry(), "openai_chat", case["request"], "gpt-oss-120b", "vllm", TODAY)
    assert found.tokens is None
    assert found.missing == ("text: what the template gpt-oss gives here (TypeError)",)


@pytest.mark.parametrize(
    ("instructions", "tokens"),
    [("Be terse.", 0), ("Be terse", 1), ("Be kind.\r\n", 2), ("Speak x;;;;;;;;;;;;;;;;", 3), ("a\n\n ", -1)],
)
@pytest.mark.parametrize("others", [{}, {"tools": [WEIGH], "tool_choice": "none"}])
def test_two_published_renderers_differ_behind_instructions(
    instructions: str, tokens: int, others: dict[str, Any]
) -> None:
    """The number is the template's; that of the other renderer is in the band, which is no wider."""
    texts = [f"# Instructions\n\n{instructions}{line_feeds}" for line_feeds in ("", "\n\n")]
    other, ours = package_registry().counter("o200k_base").count_batch(texts)
    assert ours - other == tokens
    system = {"role": "system", "content": instructions}
    found = count_request(
        package_registry(), "openai_chat", {"messages": [system, USER], **others}, "gpt-oss-120b", "vllm", TODAY
    )
    assert found.tokens is not None
    assert (found.low, found.high) == (found.tokens - max(tokens, 0), found.tokens - min(tokens, 0))
    assert (found.method == "exact") == (tokens == 0)


@pytest.mark.parametrize("messages", [[{"role": "system", "content": ""}], [{"role": "user", "content": "Hi"}]])
def test_a_chat_without_rendered_instructions_is_exact(messages: list[dict[str, Any]]) -> None:
    """The template takes instructions from the first message alone, and none that are empty."""
    body = {"messages": [*messages, USER]}
    assert count_request(package_registry(), "openai_chat", body, "gpt-oss-120b", "vllm", TODAY).method == "exact"
