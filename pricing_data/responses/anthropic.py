"""Usage of Anthropic's messages: what is read from a cache and written to it stands beside `input_tokens`."""

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.properties import (
    Counts,
    Names,
    Properties,
    count,
    does_not_add_up,
    inner,
    items,
    left_over,
    needed,
)
from pricing_data.usage import Usage

NAMES = Names(
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
CREATION = Names(("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"))
OUTPUT_DETAILS = Names(("thinking_tokens", "reasoning_tokens"))
TOOLS = Names(
    ("web_search_requests",),
    {"web_fetch_requests": "free beside its tokens", "tool_search_requests": "free beside its tokens"},
)
# Values of `inference_geo` that name no region.
NO_REGION = (None, "", "not_available")
TITLE = "Anthropic's messages"


def read(usage: Properties, title: str = TITLE) -> Counts:
    """Return the counts of a usage. Raise BadUsage, UnpricedProperty."""
    ignored = left_over(usage, NAMES, owner=title)
    fresh, output = needed(usage, "input_tokens"), count(usage, "output_tokens")
    cached = count(usage, "cache_read_input_tokens")
    short, long = _written(usage) if usage.get("cache_creation") else (count(usage, "cache_creation_input_tokens"), 0)
    reasoning = searches = 0
    if usage.get("output_tokens_details"):
        reasoning = _reasoning(usage, output)
    if usage.get("server_tool_use"):
        tools = inner(usage, "server_tool_use")
        ignored += left_over(tools, TOOLS, "usage.server_tool_use", owner=title)
        searches = count(tools, "web_search_requests", "usage.server_tool_use")
    if usage.get("iterations"):
        ignored += _iterations(usage)
    counts = Usage(
        fresh + cached + short + long, output, cached, short, long, reasoning_tokens=reasoning, web_searches=searches
    )
    return Counts(counts, ignored, _service(usage), _region(usage))


def _written(usage: Properties) -> tuple[int, int]:
    """Return what is written for 5 minutes and for an hour. Without the parts it is the standard time, 5 minutes."""
    parts = inner(usage, "cache_creation")
    path = "usage.cache_creation"
    left_over(parts, CREATION, path, owner=TITLE)
    short = count(parts, "ephemeral_5m_input_tokens", path)
    long = count(parts, "ephemeral_1h_input_tokens", path)
    whole = count(usage, "cache_creation_input_tokens")
    if usage.get("cache_creation_input_tokens") is not None and whole != short + long:
        named = (("ephemeral_5m_input_tokens", short), ("ephemeral_1h_input_tokens", long))
        does_not_add_up(path, *named, whole=("cache_creation_input_tokens", whole))
    return short, long


def _reasoning(usage: Properties, output: int) -> int:
    details = inner(usage, "output_tokens_details")
    path = "usage.output_tokens_details"
    left_over(details, OUTPUT_DETAILS, path, owner=TITLE)
    found = count(details, "thinking_tokens", path) or count(details, "reasoning_tokens", path)
    if found > output:
        does_not_add_up(path, ("thinking_tokens", found), whole=("output_tokens", output))
    return found


def _iterations(usage: Properties) -> tuple[str, ...]:
    """Return that the steps of a call change nothing, if their sums are what the usage says. Raise BadUsage."""
    steps = items(usage, "iterations")
    for number, step in enumerate(steps):
        if step.get("type", "message") != "message":
            path = f"usage.iterations[{number}].type"
            raise UnpricedProperty(path, f"{shown(step['type'])}: what such a step costs is not known")
    for name in ("input_tokens", "output_tokens"):
        parts = sum(count(step, name, f"usage.iterations[{number}]") for number, step in enumerate(steps))
        if parts != count(usage, name):
            does_not_add_up("usage.iterations", (f"{name} of all steps", parts), whole=(name, count(usage, name)))
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
