"""A property of unknown cost has no number; columns of data sets and properties that are off cost nothing."""

from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.shapes.known_properties import KNOWN, known_alone, unknown_properties

USER = {"role": "user", "content": "Hi"}
ASKED = {"messages": [USER]}
PLAIN: dict[str, dict[str, Any]] = {
    "openai_chat": ASKED,
    "openai_responses": {"input": [USER]},
    "anthropic_messages": ASKED,
    "gemini_contents": {"contents": [{"parts": [{"text": "Hi"}]}]},
}
# A function of a shape, with one more property.
TOOLS: dict[str, tuple[dict[str, Any], str]] = {
    "openai_chat": ({"type": "function", "function": {"name": "f", "aroma": 1}}, "tools[0].function.aroma"),
    "openai_responses": ({"type": "function", "name": "f", "aroma": 1}, "tools[0].aroma"),
    "anthropic_messages": ({"name": "f", "input_schema": {}, "aroma": 1}, "tools[0].aroma"),
    "gemini_contents": (
        {"function_declarations": [{"name": "f", "aroma": 1}]},
        "tools[0].function_declarations[0].aroma",
    ),
}


def missing(shape: str, body: dict[str, Any], model: str = "gpt-4o") -> tuple[str, ...]:
    """Return what is missing for a number, and check that there is none then."""
    counted = count_request(package_registry(), shape, body, model)
    assert (counted.tokens is None) == bool(counted.missing)
    return counted.missing


@pytest.mark.parametrize("shape", KNOWN)
@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "gpt-oss-120b"])
def test_an_unknown_property_leaves_no_number(shape: str, model: str) -> None:
    """In the body, in a message and in a function; it is named with its place."""
    messages = KNOWN[shape].messages
    scented = {**PLAIN[shape], messages: [{**PLAIN[shape][messages][0], "aroma": {}}]}
    tool, place = TOOLS[shape]
    assert missing(shape, PLAIN[shape], model) == ()
    assert "text: what aroma costs" in missing(shape, {**PLAIN[shape], "aroma": {}}, model)
    assert f"text: what {messages}[0].aroma costs" in missing(shape, scented, model)
    assert f"text: what {place} costs" in missing(shape, {**PLAIN[shape], "tools": [tool]}, model)


@pytest.mark.parametrize(
    ("shape", "more", "place"),
    [
        ("openai_chat", {"web_search_options": {}}, "web_search_options"),
        ("openai_chat", {"safe_prompt": True}, "safe_prompt"),
        ("openai_chat", {"add_generation_prompt": False}, "add_generation_prompt"),
        ("openai_chat", {"chat_template_kwargs": {"documents": [{"text": "a"}]}}, "chat_template_kwargs.documents"),
        ("openai_chat", {"response_format": {"type": "grammar"}}, "response_format.type"),
        ("openai_responses", {"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ("anthropic_messages", {"context_management": {"edits": [{}]}}, "context_management"),
        ("gemini_contents", {"generationConfig": {"aroma": 1}}, "generationConfig.aroma"),
    ],
)
def test_properties_that_change_the_prompt_are_named(shape: str, more: dict[str, Any], place: str) -> None:
    """They stand beside those of sampling, and have an effect that no rule has."""
    assert f"text: what {place} costs" in missing(shape, {**PLAIN[shape], **more})


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0.1, "seed": 1, "stop": ["a"], "metadata": {"a": "b"}, "service_tier": "flex"},
        {"aroma": None, "scent": False, "perfumes": [], "smell": "", "add_generation_prompt": True},
    ],
)
def test_properties_of_sampling_and_those_that_are_off_cost_nothing(more: dict[str, Any]) -> None:
    """A request with them has the number of one without."""
    counted = [count_request(package_registry(), "openai_chat", body, "gpt-4o") for body in (ASKED, ASKED | more)]
    assert counted[0] == counted[1]


def test_many_unknown_properties_are_named_in_part() -> None:
    """The list stays short, whatever a request has."""
    found = unknown_properties("openai_chat", {**ASKED, **{f"aroma{number}" * 50: 1 for number in range(1000)}})
    assert len(found) == 21
    assert found[-1] == "what 980 more properties cost"
    assert max(map(len, found)) < 100


def test_columns_of_a_data_set_are_no_properties() -> None:
    """A row of messages may have any beside them."""
    row = {"messages": [{**USER, "weight": 1}], "source": "a forum", "tools": [], "temperature": 1}
    assert known_alone("openai_chat", row) == {"messages": [USER], "tools": [], "temperature": 1}


def seen(part: dict[str, Any], level: str | None, model: str) -> ChatCount:
    """Return the count of a medium whose request asks for a resolution."""
    config = {"generationConfig": {"mediaResolution": level}} if level else {}
    return count_request(package_registry(), "gemini_contents", {"contents": [{"parts": [part]}], **config}, model)


IMAGE = {"inlineData": {"mimeType": "image/png", "width": 640, "height": 480}}
PAGES = {"inlineData": {"mimeType": "application/pdf", "pages": 2}}
VIDEO = {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a/b", "seconds": 4}}


def test_the_resolution_of_a_request_is_that_of_its_media() -> None:
    """Unless a part has one of its own."""
    low, high = "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH"
    own = {**IMAGE, "mediaResolution": {"level": low}}
    model = "gemini-3-pro-preview"
    assert (seen(IMAGE, low, model).tokens or 0) < (seen(IMAGE, None, model).tokens or 0)
    assert seen(IMAGE, low, model) == seen(own, None, model) == seen(own, high, model)
    assert seen(IMAGE, "MEDIA_RESOLUTION_UNSPECIFIED", model) == seen(IMAGE, None, model)


@pytest.mark.parametrize(
    ("part", "model"),
    [
        (IMAGE, "gemini-2.5-flash"),
        (IMAGE, "gemini-2.0-flash"),
        (PAGES, "gemini-2.5-flash"),
        (PAGES, "gemini-3-pro-preview"),
        (VIDEO, "gemini-2.5-flash"),
    ],
)
def test_a_resolution_without_a_rule_leaves_no_number(part: dict[str, Any], model: str) -> None:
    """What it costs is not known, and what another resolution costs is not taken for it."""
    assert seen(part, None, model).tokens is not None
    assert any("MEDIA_RESOLUTION_LOW" in each for each in seen(part, "MEDIA_RESOLUTION_LOW", model).missing)


def test_frames_of_a_video_at_another_rate_have_no_number() -> None:
    """The rule is of one a second."""
    model = "gemini-2.5-flash"
    assert seen({**VIDEO, "videoMetadata": {"fps": 1}}, None, model) == seen(VIDEO, None, model)
    assert seen({**VIDEO, "videoMetadata": {"fps": 5}}, None, model).missing
