"""Usage of Anthropic's messages: what is read from a cache and written to it stands beside `input_tokens`."""

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.properties import (
    Properties,
    PropertyNames,
    UsageCounts,
    count_at,
    ignored_properties,
    object_at,
    objects_at,
    raise_not_a_sum,
    required_count,
)
from pricing_data.usage import Usage

NAMES = PropertyNames(
    (
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "server_tool_use",
        "service_tier",
        "inference_geo",
        "speed",
        "output_tokens_details",
        "iterations",
    ),
)
CREATION = PropertyNames(("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"))
OUTPUT_DETAILS = PropertyNames(("thinking_tokens", "reasoning_tokens"))
TOOLS = PropertyNames(
    ("web_search_requests",),
    {"web_fetch_requests": "free beside its tokens", "tool_search_requests": "free beside its tokens"},
)
# Values of `inference_geo` that name no region.
NO_REGION = (None, "", "not_available")
TITLE = "Anthropic's messages"


def read(usage: Properties, title: str = TITLE) -> UsageCounts:
    """Return the counts of a usage. Raise BadUsage, UnpricedProperty."""
    ignored = ignored_properties(usage, NAMES, owner=title)
    fresh, output = required_count(usage, "input_tokens"), count_at(usage, "output_tokens")
    cached = count_at(usage, "cache_read_input_tokens")
    short, long = (
        _written(usage) if usage.get("cache_creation") else (count_at(usage, "cache_creation_input_tokens"), 0)
    )
    reasoning = searches = 0
    if usage.get("output_tokens_details"):
        reasoning = _reasoning(usage, output)
    if usage.get("server_tool_use"):
        tools = object_at(usage, "server_tool_use")
        ignored += ignored_properties(tools, TOOLS, "usage.server_tool_use", owner=title)
        searches = count_at(tools, "web_search_requests", "usage.server_tool_use")
    if usage.get("iterations"):
        ignored += _iterations(usage)
    counts = Usage(
        fresh + cached + short + long, output, cached, short, long, reasoning_tokens=reasoning, web_searches=searches
    )
    return UsageCounts(counts, ignored, _service(usage), _region(usage))


def _written(usage: Properties) -> tuple[int, int]:
    """Return what is written for 5 minutes and for an hour. Without the parts it is the standard time, 5 minutes."""
    parts = object_at(usage, "cache_creation")
    path = "usage.cache_creation"
    ignored_properties(parts, CREATION, path, owner=TITLE)
    short = count_at(parts, "ephemeral_5m_input_tokens", path)
    long = count_at(parts, "ephemeral_1h_input_tokens", path)
    whole = count_at(usage, "cache_creation_input_tokens")
    if usage.get("cache_creation_input_tokens") is not None and whole != short + long:
        named = (("ephemeral_5m_input_tokens", short), ("ephemeral_1h_input_tokens", long))
        raise_not_a_sum(path, *named, whole=("cache_creation_input_tokens", whole))
    return short, long


def _reasoning(usage: Properties, output: int) -> int:
    details = object_at(usage, "output_tokens_details")
    path = "usage.output_tokens_details"
    ignored_properties(details, OUTPUT_DETAILS, path, owner=TITLE)
    found = count_at(details, "thinking_tokens", path) or count_at(details, "reasoning_tokens", path)
    if found > output:
        raise_not_a_sum(path, ("thinking_tokens", found), whole=("output_tokens", output))
    return found


def _iterations(usage: Properties) -> tuple[str, ...]:
    """Return that the steps of a call change nothing, if their sums are what the usage says. Raise BadUsage."""
    steps = objects_at(usage, "iterations")
    for number, step in enumerate(steps):
        if step.get("type", "message") != "message":
            path = f"usage.iterations[{number}].type"
            raise UnpricedProperty(path, f"{shown(step['type'])}: what such a step costs is not known")
    for name in ("input_tokens", "output_tokens"):
        parts = sum(count_at(step, name, f"usage.iterations[{number}]") for number, step in enumerate(steps))
        if parts != count_at(usage, name):
            raise_not_a_sum("usage.iterations", (f"{name} of all steps", parts), whole=(name, count_at(usage, name)))
    return ("usage.iterations",)


def _service(usage: Properties) -> str | None:
    speed = usage.get("speed")
    if speed not in (None, "standard", "fast"):
        raise UnpricedProperty("usage.speed", f"{shown(speed)} is not a known speed; there are standard and fast")
    tier: str | None = usage.get("service_tier")
    if speed == "fast":
        if tier not in (None, "standard"):
            raise UnpricedProperty("usage.speed", f'"fast" has no price together with service_tier {shown(tier)}')
        return "fast"
    return tier


def _region(usage: Properties) -> str | None:
    region = usage.get("inference_geo")
    if region in NO_REGION:
        return None
    if not isinstance(region, str):
        raise BadUsage("usage.inference_geo", f"must be a region, not {shown(region)}")
    return region
