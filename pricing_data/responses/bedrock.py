"""Usage of Bedrock's Converse, and of its own models through InvokeModel: caches stand beside `inputTokens`."""

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

READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
NAMES = PropertyNames(
    ("inputTokens", "outputTokens", "totalTokens", *READ, *WRITTEN, "cacheDetails", "serverToolUsage")
)
CACHE_DETAIL = PropertyNames(("ttl", "inputTokens"))
TITLE = "Bedrock's Converse"


def read(usage: Properties) -> UsageCounts:
    """Return the counts of a usage. Raise BadUsage, UnpricedProperty."""
    ignored = ignored_properties(usage, NAMES, owner=TITLE)
    fresh = required_count(usage, "inputTokens")
    cached, written = (_either(usage, *names) for names in (READ, WRITTEN))
    long = _for_an_hour(usage, written)
    for name, value in object_at(usage, "serverToolUsage").items():
        if value:
            raise UnpricedProperty(f"usage.serverToolUsage.{shown(name)[1:-1]}", f"{shown(value)}: no price is known")
    taken = fresh + cached + written
    counts = Usage(taken, _output(usage, fresh, taken), cached, written - long, long)
    return UsageCounts(counts, ignored)


def _either(usage: Properties, name: str, other: str) -> int:
    """Return a count that has two names; both may be there, if they say the same."""
    one, two = count_at(usage, name), count_at(usage, other)
    if usage.get(name) is not None and usage.get(other) is not None and one != two:
        raise BadUsage(f"usage.{other}", f"{two} is not what {name} says, {one}")
    return one or two


def _for_an_hour(usage: Properties, written: int) -> int:
    found = {"5m": 0, "1h": 0}
    details = objects_at(usage, "cacheDetails")
    for number, detail in enumerate(details):
        path = f"usage.cacheDetails[{number}]"
        ignored_properties(detail, CACHE_DETAIL, path, owner=TITLE)
        tokens, ttl = count_at(detail, "inputTokens", path), detail.get("ttl")
        if not isinstance(ttl, str) or ttl not in found:
            raise UnpricedProperty(f"{path}.ttl", f"{shown(ttl)} is not a known time; there are 5m and 1h")
        found[ttl] += tokens
    if details and sum(found.values()) != written:
        parts = tuple((f"tokens for {ttl}", tokens) for ttl, tokens in found.items())
        raise_not_a_sum("usage.cacheDetails", *parts, whole=(WRITTEN[0], written))
    return found["1h"]


def _output(usage: Properties, fresh: int, taken: int) -> int:
    """Return the output. The total holds what caches have to do with, or, of older models, it does not."""
    written = count_at(usage, "outputTokens")
    if usage.get("totalTokens") is None:
        return written
    total = count_at(usage, "totalTokens")
    if usage.get("outputTokens") is None and total >= taken:
        return total - taken
    if total not in (taken + written, fresh + written):
        raise BadUsage("usage.totalTokens", f"{total} is not the sum of input {taken} and outputTokens {written}")
    return written
