"""What a provider answered, read: the model, its counts and the terms that the answer states."""

from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from pricing_data.price import STANDARD
from pricing_data.responses import openai, shapes
from pricing_data.responses.chat_dialects import OPENAI
from pricing_data.responses.faults import BadUsage, shown
from pricing_data.responses.properties import Properties
from pricing_data.responses.service_tiers import service_of
from pricing_data.usage import Usage


class Read(NamedTuple):
    """A usage in our counts, and the terms that stand in it or around it.

    `service` is one of `pricing_data.price.SERVICES`; `at` is None if the answer does not say when it was made.
    `ignored` are the paths of properties that change no cost. `apart` are rates, each with the property that asks for
    it, which must not be replaced by others.
    """

    model: str | None
    usage: Usage
    service: str
    region: str | None
    at: date | None
    shape: str
    ignored: tuple[str, ...]
    apart: tuple[tuple[str, str], ...] = ()
    provider: str | None = None


def read_usage(
    usage: Any,
    *,
    provider: str | None = None,
    shape: str | None = None,
    model: str | None = None,
    service: Any = None,
    at: date | None = None,
) -> Read:
    """Return what a usage object says; `provider` and `shape` are names of ours (`shapes.provider_named`).

    `service` is a tier that stands beside it, in the provider's word, and wins over one inside it. Raise BadUsage and
    UnpricedProperty, which name the property that is at fault or has no price.
    """
    if not isinstance(usage, dict):
        raise BadUsage("usage", f"must be an object, not {shown(usage)}")
    if shape is None is provider and PLAIN_CHAT.issuperset(usage) and _is_chat(usage):
        # By far the commonest usage is read without a look at any other shape.
        counts = openai.read_known(usage, OPENAI)
        tier = STANDARD if service is None else service_of(service)
        return Read(model, counts.usage, tier, None, at, shapes.CHAT, counts.ignored)
    if shape is None:
        shape = shapes.CHAT if _is_chat(usage) else shapes.recognised(usage, provider)
        if provider is not None and shape not in shapes.PROVIDERS[provider].shapes and shape != shapes.OWN:
            raise _not_of(usage, shape, provider)
    counts = shapes.read_shape(usage, shape, provider)
    if service is None:
        service = counts.service
    tier = STANDARD if service is None else service_of(service, provider)
    provider = provider or counts.provider
    return Read(model, counts.usage, tier, counts.region, at, shape, counts.ignored, counts.apart, provider)


def _is_chat(usage: Properties) -> bool:
    """Return whether a usage is of the commonest shape, without a look at the marks of others.

    Properties of other shapes beside these are refused by its reader, as all that it does not know.
    """
    return "prompt_tokens" in usage and "completion_tokens" in usage


def _not_of(usage: Properties, shape: str, provider: str) -> BadUsage:
    marks = shapes.MARKS[shapes.CHAT if shape == shapes.EMBEDDINGS else shape]
    name = next((name for name in usage if name in marks), "input_tokens")
    own = ", ".join(shapes.PROVIDERS[provider].shapes)
    reason = f"{shown(usage.get(name))} is of the shape {shape}, and the provider {provider} answers in {own}"
    return BadUsage(f"usage.{name}", f"{reason}; if this is so, say shape {shape}")


def instant_from(value: Any, path: str) -> datetime:
    """Return an instant from seconds since 1970, or from a text of ISO 8601 with a zone. Raise BadUsage."""
    if type(value) in (int, float) and MIN_SECONDS <= value <= MAX_SECONDS:
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and len(value) <= MAX_INSTANT_CHARACTERS:
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    raise BadUsage(path, f"{shown(value)} is no instant: seconds since 1970, or a time of ISO 8601 with a zone")


PLAIN_CHAT = OPENAI.names.used
# From 2015 to 2100: milliseconds, and what was never set, lie outside.
MIN_SECONDS, MAX_SECONDS = 1_420_070_400, 4_102_444_800
MAX_INSTANT_CHARACTERS = 40
