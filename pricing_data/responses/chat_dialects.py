"""How providers other than OpenAI fill the usage of its chat completions and responses."""

from decimal import Decimal
from typing import Any

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.openai import (
    CHAT_NAMES,
    INPUT_DETAILS,
    OWN_COST,
    RESPONSES,
    RESPONSES_NAMES,
    TIMES,
    UsageDialect,
)
from pricing_data.responses.properties import Properties, count_at, object_at

Prepared = tuple[Properties, dict[str, Any]]


def _deepseek(usage: Properties) -> Prepared:
    """Hits and misses of the cache are the whole prompt; the hits may stand among the details as well."""
    if "prompt_cache_hit_tokens" not in usage:
        return usage, {}
    hits, misses = count_at(usage, "prompt_cache_hit_tokens"), count_at(usage, "prompt_cache_miss_tokens")
    if "prompt_cache_miss_tokens" in usage and hits + misses != usage.get("prompt_tokens"):
        raise BadUsage(
            "usage.prompt_cache_miss_tokens",
            f"hits {hits} and misses {misses} are not the sum of prompt_tokens {shown(usage.get('prompt_tokens'))}",
        )
    return _with_cached(usage, hits, "prompt_cache_hit_tokens"), {}


def _cached_at_top(usage: Properties) -> Prepared:
    if "cached_tokens" not in usage:
        return usage, {}
    return _with_cached(usage, count_at(usage, "cached_tokens"), "cached_tokens"), {}


def _with_cached(usage: Properties, cached: int, name: str) -> Properties:
    """Return a usage whose details have the cached tokens. Raise BadUsage if they have others."""
    details = object_at(usage, "prompt_tokens_details")
    if details.get("cached_tokens") not in (None, cached):
        other = shown(details["cached_tokens"])
        raise BadUsage(f"usage.{name}", f"{cached} is not what prompt_tokens_details.cached_tokens says, {other}")
    return {**usage, "prompt_tokens_details": {**details, "cached_tokens": cached}}


def _mistral(usage: Properties) -> Prepared:
    """Tokens of audio stand beside the prompt's, where they are more than it or the total holds both."""
    if "num_cached_tokens" in usage:
        usage = _with_cached(usage, count_at(usage, "num_cached_tokens"), "num_cached_tokens")
    beyond = _seconds(usage)
    audio = count_at(object_at(usage, "prompt_tokens_details"), "audio_tokens", "usage.prompt_tokens_details")
    prompt, written = count_at(usage, "prompt_tokens"), count_at(usage, "completion_tokens")
    total = usage.get("total_tokens")
    if audio and (audio > prompt or total == prompt + audio + written) and total != prompt + written:
        usage = {**usage, "prompt_tokens": prompt + audio}
    return usage, beyond


def _seconds(usage: Properties) -> dict[str, Any]:
    seconds = usage.get("prompt_audio_seconds")
    if not seconds:
        return {}
    if type(seconds) not in (int, float) or not 0 <= seconds <= MAX_SECONDS:
        raise BadUsage("usage.prompt_audio_seconds", f"must be a number from 0 to {MAX_SECONDS}, not {shown(seconds)}")
    return {"seconds": Decimal(str(seconds))}


def _perplexity(usage: Properties) -> Prepared:
    """Reasoning and citations stand beside what is written, and the fee of a request is that of its context size."""
    _refuse(usage, "citation_tokens", "no price for tokens of citations is known")
    size = usage.get("search_context_size")
    if size not in (None, "", "high"):
        reason = f"{shown(size)}: the fee for a request is known for the size high alone"
        raise UnpricedProperty("usage.search_context_size", reason)
    reasoning = count_at(usage, "reasoning_tokens")
    if reasoning:
        details = {**object_at(usage, "completion_tokens_details"), "reasoning_tokens": reasoning}
        written = count_at(usage, "completion_tokens") + reasoning
        total = {"total_tokens": count_at(usage, "total_tokens") + reasoning} if "total_tokens" in usage else {}
        usage = {**usage, **total, "completion_tokens": written, "completion_tokens_details": details}
    searches = count_at(usage, "num_search_queries")
    return usage, {"web_searches": searches} if searches else {}


def _xai(usage: Properties) -> Prepared:
    """Sources of live search and tools that xAI runs are charged apart; of those, searches of the web have a price."""
    _refuse(usage, "num_sources_used", "no price for sources of live search is known")
    tools = object_at(usage, "server_side_tool_usage_details")
    for name in tools:
        if name not in XAI_SEARCHES:
            path = "usage.server_side_tool_usage_details"
            _refuse(tools, name, "no price for this tool is known", path)
    searches = sum(count_at(tools, name, "usage.server_side_tool_usage_details") for name in XAI_SEARCHES)
    if not tools:
        _refuse(usage, "num_server_side_tools_used", "which tools these were is not said")
    return usage, {"web_searches": searches} if searches else {}


def _openrouter(usage: Properties) -> Prepared:
    _refuse(usage, "is_byok", "OpenRouter's fee for a call with a provider key of one's own is not known")
    tools = object_at(usage, "server_tool_use")
    for name in tools:
        if name != "web_search_requests":
            _refuse(tools, name, "no price for this tool is known", "usage.server_tool_use")
    searches = count_at(tools, "web_search_requests", "usage.server_tool_use")
    return usage, {"web_searches": searches} if searches else {}


def _alibaba(usage: Properties) -> Prepared:
    """What is written to a cache stands among the details of the input under names of Anthropic's."""
    form = "prompt_tokens" if "prompt_tokens" in usage else "input_tokens"
    name = f"{form}_details"
    details = object_at(usage, name)
    written = count_at(details, "cache_creation_input_tokens", f"usage.{name}")
    if not written and not usage.get("image_tokens"):
        return usage, {}
    details = {**details, "cache_write_tokens": written}
    if images := count_at(usage, "image_tokens"):
        details["image_tokens"] = images
    return {**usage, name: details}, {}


def _databricks(usage: Properties) -> Prepared:
    details = dict(object_at(usage, "completion_tokens_details"))
    if reasoning := count_at(usage, "reasoning_tokens"):
        details["reasoning_tokens"] = reasoning
    _refuse(usage, "cache_creation_input_tokens", "whether these are among prompt_tokens is not known")
    cached = count_at(usage, "cache_read_input_tokens")
    prepared = _with_cached(usage, cached, "cache_read_input_tokens") if cached else usage
    return {**prepared, "completion_tokens_details": details}, {}


def _refuse(properties: Properties, name: str, why: str, path: str = "usage") -> None:
    if properties.get(name):
        raise UnpricedProperty(f"{path}.{shown(name)[1:-1]}", f"{shown(properties[name])}: {why}")


MAX_SECONDS = 10_000_000
XAI_SEARCHES = ("web_search_calls",)
XAI_NAMES = ("num_sources_used", "num_server_side_tools_used", "server_side_tool_usage_details")
XAI_IGNORED = {"cost_in_usd_ticks": OWN_COST, "cost_in_nano_usd": OWN_COST, "context_details": "parts of the input"}
GROQ_TIMES = dict.fromkeys(("queue_time", "prompt_time", "completion_time", "total_time"), TIMES)
OPENROUTER_COSTS = dict.fromkeys(("cost", "cost_details"), OWN_COST)
CACHE_KIND = {
    "cache_type": "the kind of the cache, of which there is one",
    "cache_creation": "parts of what is written",
}

OPENAI = UsageDialect("OpenAI", CHAT_NAMES)
OPENAI_RESPONSES = UsageDialect("OpenAI responses", RESPONSES_NAMES, RESPONSES)
GOOGLE = UsageDialect("Google", CHAT_NAMES, beside=True)
XAI = UsageDialect("xAI", CHAT_NAMES.more(XAI_NAMES, XAI_IGNORED), beside=True, prepare=_xai)
XAI_RESPONSES = XAI._replace(names=RESPONSES_NAMES.more(XAI_NAMES, XAI_IGNORED), form=RESPONSES)
DEEPSEEK = UsageDialect(
    "DeepSeek", CHAT_NAMES.more(("prompt_cache_hit_tokens", "prompt_cache_miss_tokens")), prepare=_deepseek
)
GROQ = UsageDialect("Groq", CHAT_NAMES.more(ignored=GROQ_TIMES))
MISTRAL = UsageDialect(
    "Mistral",
    CHAT_NAMES.more(("num_cached_tokens", "prompt_audio_seconds"), {"request_count": "one call"}),
    prepare=_mistral,
)
PERPLEXITY = UsageDialect(
    "Perplexity",
    CHAT_NAMES.more(
        ("citation_tokens", "num_search_queries", "reasoning_tokens", "search_context_size"), {"cost": OWN_COST}
    ),
    prepare=_perplexity,
    apart=(("reasoning_tokens", "reasoning"),),
    fee="search_context_size",
)
MOONSHOT = UsageDialect("Moonshot", CHAT_NAMES.more(("cached_tokens",)), prepare=_cached_at_top)
OPENROUTER = UsageDialect(
    "OpenRouter", CHAT_NAMES.more(("is_byok", "server_tool_use"), OPENROUTER_COSTS), prepare=_openrouter
)
OPENROUTER_RESPONSES = OPENROUTER._replace(
    names=RESPONSES_NAMES.more(("is_byok", "server_tool_use"), OPENROUTER_COSTS), form=RESPONSES
)
ALIBABA = UsageDialect(
    "Alibaba",
    CHAT_NAMES.more(("image_tokens",)),
    prepare=_alibaba,
    input_details=INPUT_DETAILS.more(("cache_creation_input_tokens",), CACHE_KIND),
)
# DashScope's own API has the names of responses, and cached tokens in an object of the chat's name.
DASHSCOPE = ALIBABA._replace(
    names=RESPONSES_NAMES.more(("image_tokens", "prompt_tokens_details")),
    form=RESPONSES._replace(of_input=("input_tokens_details", "prompt_tokens_details")),
)
DATABRICKS = UsageDialect(
    "Databricks",
    CHAT_NAMES.more(("cache_read_input_tokens", "cache_creation_input_tokens", "reasoning_tokens")),
    prepare=_databricks,
)
OTHERS = UsageDialect("an API like OpenAI's", CHAT_NAMES.more(ignored=GROQ_TIMES))
OTHERS_RESPONSES = OPENAI_RESPONSES._replace(title="an API like OpenAI's responses")
