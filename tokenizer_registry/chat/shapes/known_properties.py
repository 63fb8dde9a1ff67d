"""Properties of requests that are read, or that put nothing into the prompt. What any other costs is not known."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.request import Tool
from tokenizer_registry.chat.tool_memory import made_of_all

# Properties that are named; more are counted.
MAX_NAMED: Final = 20
MAX_NAME_CHARACTERS: Final = 60
# Values with which a property is as good as left out.
_OFF: Final[tuple[object, ...]] = ("", [])
# On unless it is turned off.
_ON_BY_DEFAULT: Final = "add_generation_prompt"
# Kinds of answers that are known: of OpenAI's two shapes, and of Anthropic's.
_FORMATS: Final = ("text", "json_object", "json_schema")
# What may hold the kind of an answer.
_FORMATTED: Final = frozenset(("response_format", "text", "output_format", "output_config"))
# What may hold the whole request of Gemini.
_WRAPPERS: Final = ("generateContentRequest", "generate_content_request")
_OBJECTS: Final = frozenset((dict,))
# Variables of templates that are not taken from a request.
_VARIABLES: Final = ("add_generation_prompt", "bos_token", "documents", "eos_token", "messages", "tools")


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _either(words: str) -> frozenset[str]:
    """Gemini's names, which may also be spelt with underscores."""
    return _names(words) | {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", word) for word in words.split()}


_SAMPLING: Final = _names(
    "best_of early_stopping frequency_penalty ignore_eos include_stop_str_in_output length_penalty logit_bias logprobs "
    "max_completion_tokens max_output_tokens max_tokens min_p min_tokens n presence_penalty random_seed "
    "repetition_penalty seed skip_special_tokens spaces_between_special_tokens stop stop_sequences stop_token_ids "
    "temperature top_a top_k top_logprobs top_p typical_p use_beam_search"
)
# Of the bookkeeping, of the answer, and of which server gives it.
_BOOKKEEPING: Final = _names(
    "background cache_control echo extra_headers include include_reasoning inference_geo keep_alive labels "
    "max_tool_calls metadata model models moderation parallel_tool_calls priority prompt_cache_key "
    "prompt_cache_options prompt_cache_retention provider reasoning_format request_id route safety_identifier "
    "service_tier speed store stream stream_options timeout truncation usage user verbosity"
)
_OPENAI_MODES: Final = _names(
    "chat_template chat_template_kwargs clear_thinking enable_thinking reasoning reasoning_effort thinking "
    # What bounds an answer without being in the prompt, and the voice of one.
    "audio format guided_choice guided_grammar guided_json guided_regex modalities options prediction safety_model "
    "structured_outputs"
)
_FUNCTION: Final = _names("type name description parameters strict")


class Known(NamedTuple):
    """What is known of a shape: of the body, of the messages in the array of a name, and of functions."""

    body: frozenset[str]
    messages: str
    message: frozenset[str]
    tool: frozenset[str] = frozenset()


KNOWN: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "openai_chat": Known(
            _SAMPLING
            | _BOOKKEEPING
            | _OPENAI_MODES
            | _names("messages tools tool_choice functions function_call response_format"),
            "messages",
            _names(
                "role content name tool_calls tool_call_id function_call refusal reasoning reasoning_content "
                # Of an answer that is sent back as it came.
                "annotations cache_control finish_reason id index logprobs parsed provider_specific_fields status type"
            ),
            _FUNCTION,
        ),
        "openai_responses": Known(
            _SAMPLING
            | _BOOKKEEPING
            | _OPENAI_MODES
            | _names("input instructions tools tool_choice text previous_response_id conversation prompt"),
            "input",
            _names(
                "type role content id status phase call_id name arguments output summary encrypted_content "
                "thinking_tokens created_by"
            ),
            _FUNCTION,
        ),
        "anthropic_messages": Known(
            _SAMPLING
            | _BOOKKEEPING
            | _names(
                "messages system tools tool_choice thinking output_config output_format container mcp_servers "
                "anthropic_version anthropic_beta betas"
            ),
            "messages",
            _names("role content id model stop_details stop_reason stop_sequence type usage"),
            _names("type name description input_schema cache_control defer_loading eager_input_streaming strict"),
        ),
        "gemini_contents": Known(
            _BOOKKEEPING
            | _either(
                "contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent serviceTier "
                "generateContentRequest"
            ),
            "contents",
            _either("role parts"),
            _either("name description parameters parametersJsonSchema behavior"),
        ),
    }
)
_CONFIG: Final = _either(
    "temperature topP topK candidateCount maxOutputTokens stopSequences responseMimeType responseSchema "
    "responseJsonSchema responseModalities presencePenalty frequencyPenalty responseLogprobs logprobs seed "
    "speechConfig thinkingConfig imageConfig enableEnhancedCivicAnswers enableAffectiveDialog routingConfig "
    "modelConfig mediaResolution"
)


def unknown_properties(shape: str, body: Any, tools: tuple[Tool, ...] = ()) -> tuple[str, ...]:
    """Return what is missing for each property of which it is not known whether it puts something into the prompt.

    `tools` are those of the body as they were read.
    """
    known = KNOWN.get(shape)
    if known is None or not isinstance(body, dict):
        return ()
    if shape == "gemini_contents":
        body = next((body[name] for name in _WRAPPERS if isinstance(body.get(name), dict)), body)
    places = _unknown(shape, known, body, tools)
    named = [f"what {place} costs" for place in islice(places, MAX_NAMED)]
    if not named:
        return ()
    more = sum(1 for _ in places)
    return (*named, f"what {more:,} more properties cost") if more else tuple(named)


def known_alone(shape: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without unknown properties of it and of its messages: a row of data may have columns of its own."""
    known = KNOWN.get(shape)
    if known is None:
        return dict(body)
    found = {name: value for name, value in body.items() if name in known.body}
    messages = body.get(known.messages)
    if isinstance(messages, list) and any(_is_unknown(message, known.message) for message in messages):
        found[known.messages] = [
            {name: value for name, value in message.items() if name in known.message}
            if isinstance(message, dict)
            else message
            for message in messages
        ]
    return found


def _is_unknown(message: Any, known: frozenset[str]) -> bool:
    return isinstance(message, dict) and not known.issuperset(message)


def _unknown(shape: str, known: Known, body: dict[str, Any], tools: tuple[Tool, ...]) -> Iterator[str]:
    """Yield the places of unknown properties."""
    yield from _of_object(body, known.body, "")
    yield from _of_array(body.get(known.messages), known.message, known.messages)
    of_tools = partial(_of_tools, shape, known, body.get("tools"))
    if made_of_all(tools, _of_tools, lambda _: any(of_tools())):
        yield from of_tools()
    if shape == "gemini_contents":
        for name in ("generationConfig", "generation_config"):
            yield from _of_object(body.get(name), _CONFIG, f"{name}.")
        return
    if not _FORMATTED.isdisjoint(body):
        yield from _of_formats(body)
    variables = body.get("chat_template_kwargs")
    if isinstance(variables, dict):
        yield from (f"chat_template_kwargs.{name}" for name in _VARIABLES if _is_on(name, variables.get(name)))


def _of_formats(body: dict[str, Any]) -> Iterator[str]:
    """Yield the places of kinds of answers that are not known."""
    text, config = body.get("text"), body.get("output_config")
    styles = {
        "response_format": body.get("response_format"),
        "text.format": text.get("format") if isinstance(text, dict) else None,
        "output_format": body.get("output_format"),
        "output_config.format": config.get("format") if isinstance(config, dict) else None,
    }
    for path, style in styles.items():
        if isinstance(style, dict) and style.get("type") is not None and style["type"] not in _FORMATS:
            yield f"{path}.type"


def _of_tools(shape: str, known: Known, tools: Any) -> Iterator[str]:
    """Tools that a provider runs have no number anyway."""
    for place, tool in enumerate(tools if isinstance(tools, list) else ()):
        path = f"tools[{place}]"
        if not isinstance(tool, dict):
            continue
        if shape == "openai_chat":
            yield from _of_object(tool.get("function"), known.tool, f"{path}.function.")
        elif shape == "gemini_contents":
            for name in ("functionDeclarations", "function_declarations"):
                yield from _of_array(tool.get(name), known.tool, f"{path}.{name}")
        elif tool.get("type") in {None, "function", "custom"}:
            yield from _of_object(tool, known.tool, f"{path}.")


def _of_array(values: Any, known: frozenset[str], path: str) -> Iterator[str]:
    if not isinstance(values, list):
        return
    if _OBJECTS.issuperset(map(type, values)) and known.issuperset(chain.from_iterable(values)):
        return  # as most are, found without a look at each
    for place, value in enumerate(values):
        if _is_unknown(value, known):
            yield from _of_object(value, known, f"{path}[{place}].")


def _of_object(value: Any, known: frozenset[str], path: str) -> Iterator[str]:
    if not isinstance(value, dict) or known.issuperset(value):
        return
    for name, inner in value.items():
        if name not in known and _is_on(name, inner):
            yield f"{path}{name[:MAX_NAME_CHARACTERS]}"


def _is_on(name: str, value: Any) -> bool:
    if name == _ON_BY_DEFAULT:
        return value is False
    return value is not None and value is not False and value not in _OFF
