"""`GET /v1/models?format=openrouter`: the gateway's model in OpenRouter's property names, which editors read."""

from decimal import Decimal

from pricing_data import plain
from service.billing.money import MICRO_INR
from service.gateway.request import FORWARDED
from service.http import json
from service.runtime.settings import Settings
from tokenizer_registry.facts import ModelFacts, value_of

FORMAT = "openrouter"
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")
OF_TOOLS = frozenset(("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"))
OF_REASONING = frozenset(("reasoning_effort",))
# The gateway refuses every other kind of content.
MODALITIES = ("text",)


def openrouter_list(settings: Settings, facts: ModelFacts, created: int) -> dict[str, json.Value]:
    """Return the list of the gateway's one model; `facts` are those of the upstream's model.

    What is not known is null, and so is the tokenizer, which would name the upstream's model.
    """
    name, window = settings.gateway_model, value_of(facts.context_window)
    data: list[json.Value] = [
        {
            "id": name,
            "name": name,
            "created": created,
            "context_length": window,
            "architecture": {
                "modality": "text->text",
                "input_modalities": [*MODALITIES],
                "output_modalities": [*MODALITIES],
                "tokenizer": None,
                "instruct_type": None,
            },
            "pricing": _pricing(settings),
            "charges": _charges(settings),
            "top_provider": {
                "context_length": window,
                "max_completion_tokens": _max_output_tokens(settings, facts),
                "is_moderated": None,
            },
            "per_request_limits": None,
            "supported_parameters": [*_parameters(settings, facts)],
        }
    ]
    return {"data": data}


def _pricing(settings: Settings) -> dict[str, json.Value]:
    """Return USD per token: the gateway charges rupees at no fixed rate, so only prices of 0 are known."""
    prompt, completion = (None if price else "0" for price in (settings.price_input_inr, settings.price_output_inr))
    return {
        "prompt": prompt,
        "completion": completion,
        "request": "0",
        "image": None,
        "web_search": None,
        "internal_reasoning": completion,
        "input_cache_read": prompt,
        "input_cache_write": prompt,
    }


def _charges(settings: Settings) -> dict[str, json.Value]:
    """Return what is charged, in rupees per token."""
    prompt, completion = (
        plain(Decimal(price) / MICRO_INR) for price in (settings.price_input_inr, settings.price_output_inr)
    )
    return {"currency": "INR", "prompt": prompt, "completion": completion}


def _max_output_tokens(settings: Settings, facts: ModelFacts) -> int:
    known = value_of(facts.max_output_tokens)
    return settings.gateway_max_output_tokens if known is None else min(known, settings.gateway_max_output_tokens)


def _parameters(settings: Settings, facts: ModelFacts) -> list[str]:
    """Return what a call may set: what is forwarded, unless the model is known to have no use for it."""
    useless = OF_TOOLS if value_of(facts.tools) is False else frozenset()
    useless |= OF_REASONING if value_of(facts.reasoning) is False else frozenset()
    return sorted({*FORWARDED, *TOKEN_LIMITS, *settings.forwarded_properties} - useless)
