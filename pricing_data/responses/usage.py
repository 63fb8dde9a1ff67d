"""What a provider answered, read: the model, its counts and the terms that the answer states."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.price import STANDARD
from pricing_data.responses import anthropic, bedrock, gemini, openai, others, shapes
from pricing_data.responses.chat_dialects import OPENAI, OPENAI_RESPONSES
from pricing_data.responses.openai import UsageDialect
from pricing_data.responses.properties import Properties, UsageCounts, is_nothing
from pricing_data.responses.providers import PROVIDERS
from pricing_data.responses.stated_terms import service_of
from pricing_data.usage import Usage


class ProviderUsage(NamedTuple):
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
) -> ProviderUsage:
    """Return what a usage object says; `provider` and `shape` are names of ours (`shapes.provider_named`).

    `service` is a tier that stands beside it, in the provider's word, and wins over one inside it. Raise BadUsage and
    UnpricedProperty, which name the property that is at fault or has no price.
    """
    if not isinstance(usage, dict):
        raise BadUsage("usage", f"must be an object, not {shown(usage)}")
    if shape is None is provider and "prompt_tokens" in usage and PLAIN_CHAT.issuperset(usage):
        # By far the commonest usage is read without a look at any other shape.
        counts = openai.read_known(usage, OPENAI)
        tier = STANDARD if service is None else service_of(service)
        return ProviderUsage(model, counts.usage, tier, None, at, shapes.CHAT, counts.ignored)
    if shape is None:
        shape = _plain_shape(usage) or shapes.recognised(usage, provider)
        if provider is not None and shape not in PROVIDERS[provider].shapes and shape != shapes.OWN:
            raise _not_of(usage, shape, provider)
    counts = read_shape(usage, shape, provider)
    if service is None:
        service = counts.service
    tier = STANDARD if service is None else service_of(service, provider)
    provider = provider or counts.provider
    return ProviderUsage(model, counts.usage, tier, counts.region, at, shape, counts.ignored, counts.apart, provider)


def _plain_shape(usage: Properties) -> str | None:
    """Return the shape of a usage with a property of one shape, and others of that alone; None for any other."""
    for mark, shape, names in PLAIN_SHAPES:
        if mark in usage and names.issuperset(usage):
            return shape
    # Properties of other shapes beside these are refused by the reader, as all that it does not know.
    return shapes.CHAT if "prompt_tokens" in usage and "completion_tokens" in usage else None


def _not_of(usage: Properties, shape: str, provider: str) -> BadUsage:
    marks = shapes.MARKS[shapes.CHAT if shape == shapes.EMBEDDINGS else shape]
    name = next((name for name in usage if name in marks), "input_tokens")
    own = ", ".join(PROVIDERS[provider].shapes)
    reason = f"{shown(usage.get(name))} is of the shape {shape}, and the provider {provider} answers in {own}"
    return BadUsage(f"usage.{name}", f"{reason}; if this is so, say shape {shape}")


PLAIN_CHAT = OPENAI.names.used
PLAIN_SHAPES = (
    ("cache_read_input_tokens", shapes.MESSAGES, anthropic.NAMES.used),
    ("promptTokenCount", shapes.GENERATE, gemini.NAMES.used),
)


def read_shape(usage: Properties, shape: str, provider: str | None) -> UsageCounts:
    """Return the counts of a usage of a shape. Raise BadUsage, UnpricedProperty."""
    reader = READERS.get(shape)
    if reader is None:
        return _read_openai(usage, shape, provider)
    try:
        return reader(usage)
    except UnpricedProperty as fault:
        raise _of_another(fault, usage, shape) from None
    except BadUsage as fault:
        raise _of_another(fault, usage, shape) if fault.reason == MISSING else fault from None


def _read_openai(usage: Properties, shape: str, provider: str | None) -> UsageCounts:
    read = openai.read_embeddings if shape == shapes.EMBEDDINGS else openai.read
    dialect = _dialect(shape, provider)
    if provider is None and not dialect.names.every.issuperset(usage):
        provider = _provider_by_marks(usage, dialect)
        dialect = _dialect(shape, provider)
    try:
        return read(usage, dialect)._replace(provider=provider) if provider else read(usage, dialect)
    except BadUsage as fault:
        if fault.reason == MISSING or isinstance(fault, UnpricedProperty):
            raise _of_another(fault, usage, shape) from None
        raise


def _dialect(shape: str, provider: str | None) -> UsageDialect:
    if provider is None:
        return OPENAI_RESPONSES if shape == shapes.RESPONSES else OPENAI
    found = PROVIDERS[provider]
    return found.responses if shape == shapes.RESPONSES else found.chat


def _provider_by_marks(usage: Properties, plain: UsageDialect) -> str | None:
    """Return the provider to whom properties beyond the plain ones point. Raise BadUsage for two of them."""
    found = {
        shapes.DIALECT_MARKS[name]: name
        for name in usage
        if name in shapes.DIALECT_MARKS and name not in plain.names.every
    }
    if len(found) > 1:
        named = " and ".join(f"{name} of {provider}" for provider, name in found.items())
        raise BadUsage("usage", f"has {named}: say provider")
    if not found and "cost" in usage:
        return "perplexity" if isinstance(usage["cost"], Mapping) else "openrouter"
    return next(iter(found), None)


def _of_another(fault: BadUsage, usage: Properties, shape: str) -> BadUsage:
    """Return the fault, or one that says whose properties a usage has that is not of its shape."""
    own = shapes.MARKS.get(shapes.CHAT if shape == shapes.EMBEDDINGS else shape, frozenset())
    for other, marks in shapes.MARKS.items():
        for name in usage:
            if other in shapes.TITLES and name in marks and name not in own | COMMON and not is_nothing(usage[name]):
                known = shapes.TITLES.get(shape, shape)
                reason = (
                    f"{shown(usage[name])} is a property of {shapes.TITLES[other]} ({other}), not of {known} ({shape})"
                )
                return BadUsage(f"usage.{name}", reason)
    name = fault.property.rpartition(".")[2]
    if isinstance(fault, UnpricedProperty) and name in shapes.DIALECT_MARKS and "not a known property" in fault.reason:
        return BadUsage(fault.property, f"{fault.reason}; {shapes.DIALECT_MARKS[name]} has it")
    return fault


READERS: Mapping[str, Callable[[Properties], UsageCounts]] = {
    shapes.MESSAGES: anthropic.read,
    shapes.GENERATE: gemini.read,
    shapes.CONVERSE: bedrock.read,
    shapes.COHERE: others.read_cohere,
    shapes.OLLAMA: others.read_ollama,
    shapes.OCR: others.read_ocr,
    shapes.OWN: others.read_own,
}
MISSING = "this property is missing"
# In several shapes, with one meaning.
COMMON = frozenset(("total_tokens",))
