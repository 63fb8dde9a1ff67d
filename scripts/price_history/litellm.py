"""Reads LiteLLM's price file of any release since October 2023; tokencost's is a copy of it."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from scripts.price_history.states import Entry, Json, State, digits

NOT_A_MODEL = "sample_spec"
PRICE_FIELD = re.compile(r"cost|pricing|uplift_multiplier", re.ASCII)
OTHER_PRICE_FIELDS = {"alias_of", "provider_specific_entry", "search_free_requests", "web_search_billing_unit"}

# Providers that sell models of their own. Hosts are left out: no policy of the catalogue needs their past prices.
FIRST_PARTIES = frozenset(
    [
        "ai21",
        "aleph_alpha",
        "amazon_nova",
        "anthropic",
        "bigmodel",
        "codestral",
        "cohere",
        "cohere_chat",
        "dashscope",
        "deepseek",
        "gemini",
        "gigachat",
        "inception",
        "jina_ai",
        "meta",
        "meta_llama",
        "minimax",
        "mistral",
        "moonshot",
        "openai",
        "palm",
        "perplexity",
        "sarvam",
        "tencent",
        "text-completion-codestral",
        "text-completion-inception",
        "text-completion-openai",
        "vertex_ai-chat-models",
        "vertex_ai-code-chat-models",
        "vertex_ai-code-text-models",
        "vertex_ai-embedding-models",
        "vertex_ai-language-models",
        "vertex_ai-text-models",
        "vertex_ai-vision-models",
        "volcengine",
        "voyage",
        "xai",
        "xiaomi_mimo",
        "zai",
    ]
)
BEDROCK = {"bedrock", "bedrock_converse"}
BEDROCK_MODELS = re.compile(r"(?:\w+\.)?(?:amazon|ai21)\.", re.ASCII)
OTHER_MODES = {
    "audio_speech",
    "audio_transcription",
    "evaluation",
    "image_edit",
    "image_generation",
    "ocr",
    "rerank",
    "search",
    "vector_store",
    "video_generation",
}
# Other companies' models that a first party resells have a second folder in their key: perplexity/openai/gpt-5.
RESOLD = re.compile(r"perplexity/.+/", re.ASCII)


def read(content: bytes) -> tuple[State, frozenset[str]]:
    """Return every priced entry of a price file, and the keys that a first party sells. Raise ValueError."""
    raw: dict[str, Any] = json.loads(content, parse_float=Decimal)
    entries = {key: entry for key, entry in raw.items() if key != NOT_A_MODEL and isinstance(entry, dict)}
    state = {key: Entry(entry.get("litellm_provider") or "unknown", fields(entry)) for key, entry in entries.items()}
    sold = frozenset(key for key, entry in entries.items() if is_first_party(*_target(entries, key, entry)))
    return {key: entry for key, entry in state.items() if entry.fields}, sold


def _target(entries: Mapping[str, Any], key: str, entry: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the entry that an alias stands for; any other entry as it is."""
    target = str(entry.get("alias_of"))
    return (target, entries[target]) if target in entries else (key, entry)


def is_first_party(key: str, entry: Mapping[str, Any]) -> bool:
    """Return whether an entry is a text or embeddings model, as its author sells it."""
    provider = entry.get("litellm_provider")
    if entry.get("mode") in OTHER_MODES or RESOLD.match(key):
        return False
    return provider in FIRST_PARTIES or (provider in BEDROCK and BEDROCK_MODELS.match(key) is not None)


def fields(entry: Mapping[str, Any]) -> dict[str, Json]:
    """Return the price fields of an entry; those without a value are left out."""
    named = {name: value for name, value in entry.items() if PRICE_FIELD.search(name) or name in OTHER_PRICE_FIELDS}
    return {name: _plain(name, value) for name, value in sorted(named.items()) if value not in (None, {}, [])}


def _plain(name: str, value: object) -> Json:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | Decimal():
            return digits(value)
        case list():
            return [_plain(name, item) for item in value]
        case dict():
            return {inner: _plain(inner, item) for inner, item in value.items() if item is not None}
    raise ValueError(f"{name}: {value!r:.80} is not a price")
