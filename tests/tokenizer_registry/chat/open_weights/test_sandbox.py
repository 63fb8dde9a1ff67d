"""Templates give what their packages expect, and none takes more than it may."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateNotFound
from jinja2.exceptions import SecurityError

from tokenizer_registry.chat.open_weights import sandbox
from tokenizer_registry.chat.open_weights.sandbox import (
    RefusedByTemplate,
    RenderingTooLong,
    compiled,
    examined_texts,
    render_template,
)
from tokenizer_registry.chat.open_weights.shipped import shipped_templates

GOLDEN = Path(__file__).parents[3] / "data" / "chat" / "llama_cpp_templates.json"
CASES = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
TODAY = date(2026, 11, 28)


def rendered(source: str, **variables: Any) -> str:
    """Render the text of a template."""
    return render_template(compiled(source), variables, TODAY)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_templates_give_what_llama_cpp_expects(case: dict[str, Any]) -> None:
    """Byte for byte, 35 templates of as many publishers."""
    given = {"messages": case["messages"], "bos_token": case["bos"], "eos_token": case["eos"]}
    assert rendered(case["template"], add_generation_prompt=True, **given) == case["expected"]


def test_there_are_as_many_cases_as_the_package_has() -> None:
    """36 entries, of which one needs what Jinja alone does not have."""
    assert len(CASES) == 35


def test_json_is_written_as_transformers_writes_it() -> None:
    """No escapes for HTML, no \\u for other scripts, indented where asked for."""
    assert rendered("{{ value | tojson }}", value={"a": "<é>'&"}) == '{"a": "<é>\'&"}'
    assert rendered("{{ value | tojson(indent=2) }}", value={"a": 1}) == '{\n  "a": 1\n}'


def test_the_day_of_the_call_is_the_templates_today() -> None:
    """Llama 3.2 and gpt-oss write it into every prompt."""
    assert rendered("{{ strftime_now('%d %b %Y') }}") == "28 Nov 2026"


def test_marks_of_answers_for_training_are_read_over() -> None:
    """`generation` and loop controls are what Hugging Face's own environment has beside Jinja's."""
    assert rendered("{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}") == "1"
    assert rendered("{% generation %}{{ text }}{% endgeneration %}", text="x") == "x"


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% set c = b %}{% endfor %}{% endfor %}",
        "{% macro twice(depth) %}{% if depth %}{{ twice(depth - 1) }}{{ twice(depth - 1) }}{% endif %}{% endmacro %}"
        "{{ twice(60) }}",
        "{% for a in range(9999) %}{{ long }}{% endfor %}",
    ],
    ids=["loops that write nothing", "macros that call themselves twice", "an output without end"],
)
def test_a_rendering_ends_at_its_bounds(text: str) -> None:
    """Whatever a template does, each step of it is counted."""
    with pytest.raises(RenderingTooLong):
        rendered(text, long="x" * 100_000)


def test_steps_end_a_rendering_without_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of steps is the same on every machine."""
    monkeypatch.setattr(sandbox, "MAX_STEPS", 10)
    assert rendered("{% for a in range(10) %}{{ a }}{% endfor %}") == "0123456789"
    with pytest.raises(RenderingTooLong):
        rendered("{% for a in range(11) %}{{ a }}{% endfor %}")


@pytest.mark.parametrize("text", ["{% include '/etc/passwd' %}", "{% extends 'base' %}", "{% import 'x' as y %}"])
def test_no_file_is_read(text: str) -> None:
    """There is no loader."""
    with pytest.raises((TemplateNotFound, TypeError)):
        rendered(text)


@pytest.mark.parametrize("text", ["{{ ''.__class__.__mro__ }}", "{{ messages.append(1) }}"])
def test_nothing_is_reached_or_changed_from_inside(text: str) -> None:
    """Neither Python's own attributes nor the conversation."""
    messages = [1]
    with pytest.raises(SecurityError):
        rendered(text, messages=messages)
    assert messages == [1]


def test_a_template_can_refuse_a_conversation() -> None:
    """With the publisher's words."""
    with pytest.raises(RefusedByTemplate, match="No such role"):
        rendered("{{ raise_exception('No such role') }}")


def test_the_strings_that_templates_look_for_are_found() -> None:
    """Thoughts are cut out of answers by their markers."""
    assert "</think>" in examined_texts("qwen-3")
    assert "<tool_response>" in examined_texts("qwen-3")
    assert examined_texts("llama-3") == frozenset()


@pytest.mark.parametrize("name", shipped_templates())
def test_every_template_renders_a_plain_chat(name: str) -> None:
    """With the texts of the user in it."""
    messages = [{"role": "user", "content": "Where is Nordhaven?"}]
    given = {"messages": messages, "tools": None, "bos_token": "<s>", "eos_token": "</s>", "documents": None}
    found = sandbox.render(name, {**given, "add_generation_prompt": True}, TODAY)
    assert "Where is Nordhaven?" in found
