"""Usage of Bedrock's Converse, and of its own models through InvokeModel: caches stand beside `inputTokens`."""

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

READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
WRITTEN = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
NAMES = Names(("inputTokens", "outputTokens", "totalTokens", *READ, *WRITTEN, "cacheDetails", "serverToolUsage"))
CACHE_DETAIL = Names(("ttl", "inputTokens"))
TITLE = "Bedrock's Converse"


def read(usage: Properties) -> Counts:
    """Return the counts of a usage. Raise BadUsage, UnpricedProperty."""
    ignored = left_over(usage, NAMES, owner=TITLE)
    fresh = needed(usage, "inputTokens")
    cached, written = (_either(usage, *names) for names in (READ, WRITTEN))
    long = _for_an_hour(usage, written)
    for name, value in inner(usage, "serverToolUsage").items():
        if value:
            raise UnpricedProperty(f"usage.serverToolUsage.{shown(name)[1:-1]}", f"{shown(value)}: no price is known")
    taken = fresh + cached + written
    counts = Usage(taken, _output(usage, fresh, taken), cached, written - long, long)
    return Counts(counts, ignored)


def _either(usage: Properties, name: str, other: str) -> int:
    """Return a count that has two names; both may be there, if they say the same."""
    one, two = count(usage, name), count(usage, other)
    if usage.get(name) is not None and usage.get(other) is not None and one != two:
        raise BadUsage(f"usage.{other}", f"{two} is not what {name} says, {one}")
    return one or two


def _for_an_hour(usage: Properties, written: int) -> int:
    found = {"5m": 0, "1h": 0}
    details = items(usage, "cacheDetails")
    for number, detail in enumerate(details):
        path = f"usage.cacheDetails[{number}]"
        left_over(detail, CACHE_DETAIL, path, owner=TITLE)
        tokens, ttl = count(detail, "inputTokens", path), detail.get("ttl")
        if not isinstance(ttl, str) or ttl not in found:
            raise UnpricedProperty(f"{path}.ttl", f"{shown(ttl)} is not a known time; there are 5m and 1h")
        found[ttl] += tokens
    if details and sum(found.values()) != written:
        parts = tuple((f"tokens for {ttl}", tokens) for ttl, tokens in found.items())
        does_not_add_up("usage.cacheDetails", *parts, whole=(WRITTEN[0], written))
    return found["1h"]


def _output(usage: Properties, fresh: int, taken: int) -> int:
    """Return the output. The total holds what caches have to do with, or, of older models, it does not."""
    written = count(usage, "outputTokens")
    if usage.get("totalTokens") is None:
        return written
    total = count(usage, "totalTokens")
    if usage.get("outputTokens") is None and total >= taken:
        return total - taken
    if total not in (taken + written, fresh + written):
        raise BadUsage("usage.totalTokens", f"{total} is not the sum of input {taken} and outputTokens {written}")
    return written
