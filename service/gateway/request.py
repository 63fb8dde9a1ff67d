"""Parsing the body of `POST /v1/chat/completions`, property by property.

An unknown property is refused: without it the answer could differ silently, and forwarding it could change the price.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from service.gateway.messages import (
    ANYTHING,
    BOOLEAN,
    OBJECT,
    STRING,
    InvalidProperty,
    Messages,
    PropertyRule,
    either,
    integer,
    list_of,
    number,
    one_of,
    parse_messages,
    text,
    texts_of,
)
from service.http import json as service_json
from service.http.errors import INVALID_REQUEST, MODEL_NOT_FOUND, Refusal
from service.http.json import shorten

MAX_CHOICES = 16
MAX_TOOLS = 128


def _is_function(value: Any) -> bool:
    return OBJECT.holds(value) and isinstance(value.get("name"), str)


def _is_tool(value: Any) -> bool:
    return OBJECT.holds(value) and value.get("type") == "function" and _is_function(value.get("function"))


def _explain_tool(name: str, value: Any) -> None:
    if OBJECT.check(name, value).get("type") != "function":
        raise InvalidProperty(f'{name}.type: must be "function", not {shorten(value.get("type"))}.')
    _explain_function(f"{name}.function", value.get("function"))


def _explain_function(name: str, value: Any) -> None:
    STRING.check(f"{name}.name", OBJECT.check(name, value).get("name"))


def _are_biases(value: Any) -> bool:
    bias = number(-100, 100)
    return isinstance(value, dict) and len(value) <= 1024 and all(map(bias.holds, value.values()))


FUNCTION = PropertyRule(_is_function, "an object with a name", _explain_function)
TOOL = PropertyRule(_is_tool, "a function with a name", _explain_tool)
FORWARDED: Mapping[str, PropertyRule] = {
    "frequency_penalty": number(-2, 2),
    "function_call": either(one_of(("none", "auto")), OBJECT),
    "functions": list_of(FUNCTION, 1, MAX_TOOLS),
    "logit_bias": PropertyRule(_are_biases, "an object of at most 1024 numbers from -100 to 100"),
    "logprobs": BOOLEAN,
    "n": integer(1, MAX_CHOICES),
    "parallel_tool_calls": BOOLEAN,
    "presence_penalty": number(-2, 2),
    "reasoning_effort": text(20),
    "response_format": OBJECT,
    "seed": integer(-(2**63), 2**63 - 1),
    "stop": either(STRING, list_of(STRING, 1, 16)),
    "temperature": number(0, 2),
    "tool_choice": either(one_of(("none", "auto", "required")), OBJECT),
    "tools": list_of(TOOL, 1, MAX_TOOLS),
    "top_logprobs": integer(0, 20),
    "top_p": number(0, 1),
    "user": text(512),
    "verbosity": text(20),
}
# Accepted and dropped: bookkeeping of a provider, which changes neither the answer nor its price.
NOT_FORWARDED: Mapping[str, PropertyRule] = {
    "metadata": OBJECT,
    "modalities": list_of(one_of(("text",)), 1, 1),
    "prompt_cache_key": STRING,
    "safety_identifier": STRING,
    "service_tier": STRING,
    "store": BOOLEAN,
}
# Evaluated by the gateway itself.
INTERPRETED: Mapping[str, PropertyRule] = {
    "max_completion_tokens": integer(1),
    "max_tokens": integer(1),
    "stream": BOOLEAN,
    "stream_options": OBJECT,
}
STREAM_OPTIONS: Mapping[str, PropertyRule] = {"include_usage": BOOLEAN, "include_obfuscation": BOOLEAN}
RULES = {**FORWARDED, **NOT_FORWARDED, **INTERPRETED}
# An empty list of these is dropped, together with the properties that only make sense beside it.
MAY_BE_EMPTY: Mapping[str, tuple[str, ...]] = {
    "functions": ("function_call",),
    "stop": (),
    "tools": ("tool_choice", "parallel_tool_calls"),
}
# Properties, beside the messages, that the model reads: they are counted as JSON text.
SCHEMAS = ("tools", "functions", "response_format")
REQUIRED = ("model", "messages")
PROPERTIES = (*REQUIRED, *sorted(RULES))


class ChatRequest(NamedTuple):
    """A valid request. `options` are forwarded unchanged, and `max_tokens` is the caller's limit for one choice.

    `texts` are all texts that the model reads, and `dropped_messages` counts the caller's system messages.
    """

    messages: tuple[Mapping[str, Any], ...]
    options: Mapping[str, Any]
    texts: tuple[str, ...]
    max_tokens: int | None
    stream: bool
    include_usage: bool
    dropped_messages: int = 0


class ChatRequests:
    """Parses request bodies for the gateway's model.

    The properties named in `forwarded` are passed to the upstream unchecked. With `with_reasoning` the property
    `reasoning_content` of assistant messages is kept.
    """

    def __init__(self, model: str, forwarded: Sequence[str] = (), *, with_reasoning: bool = False) -> None:
        self.model = model
        self.with_reasoning = with_reasoning
        self._forwarded = tuple(forwarded)
        self._rules = {**dict.fromkeys(forwarded, ANYTHING), **RULES}
        self._properties = (*REQUIRED, *sorted(self._rules))

    def parse(self, body: bytes) -> ChatRequest | Refusal:
        """Return the request, or a refusal that names the invalid property."""
        try:
            fields = service_json.decode(body)
            if not isinstance(fields, dict):
                raise InvalidProperty("The body must be a JSON object with model and messages.")
            # Clients write null for a property that they do not set.
            given = {name: value for name, value in fields.items() if value is not None}
            return self._parse_fields(_without_empty(given))
        except (service_json.NotJson, InvalidProperty) as fault:
            return INVALID_REQUEST.saying(str(fault))

    def _parse_fields(self, fields: dict[str, Any]) -> ChatRequest | Refusal:
        for name in fields:
            if name not in self._rules and name not in REQUIRED:
                known = ", ".join(self._properties)
                raise InvalidProperty(f"{shorten(name)} is not a property of this request; it has {known}.")
        for name in REQUIRED:
            if name not in fields:
                raise InvalidProperty(f"{name}: this property is missing.")
        model = STRING.check("model", fields["model"])
        messages = parse_messages(fields["messages"], with_reasoning=self.with_reasoning)
        for name, value in fields.items():
            if name in self._rules:
                self._rules[name].check(name, value)
        if model != self.model:
            return MODEL_NOT_FOUND.saying(f"There is no model {shorten(model)}; the model is {shorten(self.model)}.")
        return self._build(fields, messages)

    def _build(self, fields: dict[str, Any], messages: Messages) -> ChatRequest:
        asked = [fields[name] for name in ("max_tokens", "max_completion_tokens") if name in fields]
        streamed = fields.get("stream", False)
        options = {name: value for name, value in fields.items() if name in FORWARDED or name in self._forwarded}
        read = (name for name in (*SCHEMAS, *self._forwarded) if name in options)
        schemas = [json.dumps(options[name], indent=4) for name in read]
        return ChatRequest(
            messages=messages.kept,
            options=options,
            texts=(*(piece for message in messages.kept for piece in texts_of(message)), *schemas),
            max_tokens=min(asked, default=None),
            stream=streamed,
            include_usage=_includes_usage(fields.get("stream_options"), streamed),
            dropped_messages=messages.dropped,
        )


def _without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    left_out = {name for name in MAY_BE_EMPTY if fields.get(name) == []}
    left_out |= {hint for name in left_out for hint in MAY_BE_EMPTY[name]}
    return {name: value for name, value in fields.items() if name not in left_out}


def _includes_usage(options: dict[str, Any] | None, streamed: bool) -> bool:
    if options is None:
        return False
    if not streamed:
        raise InvalidProperty("stream_options: is only for a request with stream true.")
    for name, value in options.items():
        if name not in STREAM_OPTIONS:
            raise InvalidProperty(f"stream_options: {shorten(name)} is not known; it has {', '.join(STREAM_OPTIONS)}.")
        if value is not None:
            STREAM_OPTIONS[name].check(f"stream_options.{name}", value)
    return bool(options.get("include_usage"))
