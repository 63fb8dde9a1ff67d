"""Whole responses: where a provider puts the usage, the model, the tier and the time, and what tools it charges."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.properties import Properties
from pricing_data.responses.shapes import COHERE, EMBEDDINGS, GENERATE, MESSAGES, OCR, OLLAMA, RESPONSES
from pricing_data.responses.stated_terms import instant_from
from pricing_data.responses.usage import ProviderUsage, read_usage

# Where the usage stands, and of what shape it then is; None: by its properties.
USAGE_AT = {
    "usage": None,
    "usageMetadata": GENERATE,
    "usage_metadata": GENERATE,
    "usage_info": OCR,
    "meta": COHERE,
    "prompt_eval_count": OLLAMA,
}
# Objects in which a response comes wrapped: lines of batches, events of streams.
WRAPPED_IN = ("response", "result", "message", "body")
MODEL_AT = ("model", "modelVersion", "model_version")
TIME_AT = ("created", "created_at", "createTime", "create_time")
SHAPE_OF_TYPE = {"message": MESSAGES, "response": RESPONSES}
OLLAMA_COUNTS = (
    *("prompt_eval_count", "eval_count"),
    *("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"),
)
MAX_WRAPPINGS = 3
NOT_FINAL = "comes before the end of a stream, so that its counts are not final"
# Events of a stream before its end: their counts are those of a part of the answer.
EARLY_EVENTS = frozenset(("message_start", "response.created", "response.queued", "response.in_progress"))
# Calls in the output of OpenAI's responses that cost nothing beside their tokens.
FREE_CALLS = frozenset(("function_call", "custom_tool_call", "mcp_call", "computer_call", "local_shell_call"))
COUNTED_CALLS = {"web_search_call": "web_searches", "file_search_call": "file_searches"}
UNBILLED_ACTIONS = ("open_page", "find_in_page", "find")


def read_response(
    response: Any,
    *,
    provider: str | None = None,
    shape: str | None = None,
    service: Any = None,
    at: Any = None,
    model: str | None = None,
) -> ProviderUsage:
    """Return what a whole response says. What is given beside it wins over what stands in it.

    It may be a line of a batch of OpenAI's or Anthropic's, or the last event of a stream. Raise BadUsage,
    UnpricedProperty.
    """
    if not isinstance(response, Mapping):
        raise BadUsage("response", f"must be an object, not {shown(response)}")
    _check_is_final(response)
    found, in_batch = _unwrapped(response)
    place = next((name for name in USAGE_AT if found.get(name) is not None), None)
    if place is None:
        raise BadUsage("response", "has no usage")
    usage, shape = found[place], shape or USAGE_AT[place] or _shape(found)
    if place == "prompt_eval_count":
        usage = {name: found[name] for name in OLLAMA_COUNTS if name in found}
    if service is None:
        service = "batch" if in_batch else _service(found)
    read = read_usage(
        usage,
        provider=provider,
        shape=shape,
        model=model if model is not None else _model(found),
        service=service,
        at=_instant(found) if at is None else at,
    )
    return _with_tools(read, found)


def _check_is_final(response: Properties) -> None:
    """Raise BadUsage for a piece of a stream whose counts are not those of the whole answer."""
    kind = response.get("type")
    if isinstance(kind, str) and kind in EARLY_EVENTS:
        raise BadUsage("response.type", f"{shown(kind)} {NOT_FINAL}")
    if response.get("done") is False:
        raise BadUsage("response.done", f"false {NOT_FINAL}")


def _unwrapped(response: Properties) -> tuple[Properties, bool]:
    """Return the response itself, and whether it came as a line of a batch."""
    in_batch = "custom_id" in response
    for _ in range(MAX_WRAPPINGS):
        if any(name in response for name in USAGE_AT):
            break
        inner = next((name for name in WRAPPED_IN if isinstance(response.get(name), Mapping)), None)
        if inner is None:
            break
        response = response[inner]
    return response, in_batch


def _shape(response: Properties) -> str | None:
    """Return the shape that a response says it has, for usages that do not say it themselves."""
    kind = response.get("object", response.get("type"))
    if kind == "list" and "data" in response:
        return EMBEDDINGS
    return SHAPE_OF_TYPE.get(kind) if isinstance(kind, str) else None


def _model(response: Properties) -> str | None:
    name = next((name for name in MODEL_AT if response.get(name) is not None), None)
    if name is None:
        return None
    if not isinstance(response[name], str):
        raise BadUsage(f"response.{name}", f"must be the name of a model, not {shown(response[name])}")
    return str(response[name])


def _service(response: Properties) -> Any:
    tier = response.get("service_tier", response.get("serviceTier"))
    configured = response.get("performanceConfig")
    if isinstance(configured, Mapping) and configured.get("latency") not in (None, "standard"):
        latency = shown(configured["latency"])
        raise UnpricedProperty("response.performanceConfig.latency", f"{latency}: no price for it is known")
    return tier.get("type") if isinstance(tier, Mapping) else tier


def _instant(response: Properties) -> datetime | None:
    name = next((name for name in TIME_AT if response.get(name) is not None), None)
    return None if name is None else instant_from(response[name], f"response.{name}")


def _with_tools(read: ProviderUsage, response: Properties) -> ProviderUsage:
    """Return what was read with the calls of tools that are charged apart, which no usage counts."""
    if "output" in response:
        found: dict[str, Any] = dict(_calls(response["output"]))
    elif "candidates" in response:
        found = _grounding(response["candidates"], read.model or "")
    else:
        return read
    return read._replace(usage=read.usage._replace(**found)) if found else read


def _calls(output: Any) -> Iterator[tuple[str, int]]:
    """Return how often tools were called in the output of OpenAI's responses. Raise UnpricedProperty for others."""
    if not isinstance(output, list):
        return
    kinds = [item.get("type") for item in output if isinstance(item, Mapping) and not _is_unbilled(item)]
    for kind in dict.fromkeys(kind for kind in kinds if isinstance(kind, str) and kind.endswith("_call")):
        if kind in COUNTED_CALLS:
            yield COUNTED_CALLS[kind], kinds.count(kind)
        elif kind not in FREE_CALLS:
            raise UnpricedProperty("response.output", f"{kinds.count(kind)} {shown(kind)}: no price for it is known")


def _is_unbilled(item: Properties) -> bool:
    """Return whether a call is a step of a search that is not charged: reading a page that was found."""
    action = item.get("action")
    return isinstance(action, Mapping) and action.get("type") in UNBILLED_ACTIONS


def _grounding(candidates: Any, model: str) -> dict[str, Any]:
    """Return the searches that an answer is grounded on: until Gemini 2.5 one a prompt, since then each query."""
    if not isinstance(candidates, list):
        return {}
    queries = 0
    for candidate in candidates:
        grounding = candidate.get("groundingMetadata") if isinstance(candidate, Mapping) else None
        asked = grounding.get("webSearchQueries") if isinstance(grounding, Mapping) else None
        queries += len(asked) if isinstance(asked, list) else 0
    if not queries:
        return {}
    return {"web_searches": 1 if model.startswith(("gemini-1", "gemini-2")) else queries}
