"""The counts of a call by the rate that each is charged at, parts with a rate of their own taken out of the whole."""

from collections.abc import Iterator
from decimal import Decimal

from pricing_data.errors import UnpricedUsage
from pricing_data.price import COUNTED_FIELDS, Price, Rates
from pricing_data.usage import Usage

INPUT, OUTPUT, COUNTED = "input", "output", "counted"
# What counted things are called, as a rate and in a usage.
COUNTS = dict(
    zip(COUNTED_FIELDS, ("requests", "web_searches", "file_searches", "images", "seconds", "pages"), strict=True)
)


def unit_counts(price: Price, usage: Usage, rates: Rates) -> Iterator[tuple[str, str, int | Decimal]]:
    """Return kind, unit and count of all that a call is charged for; the input always, others if there are any.

    Images, video and reasoning cost what other tokens do, unless a row has rates for them: no provider charges them
    apart without saying so. Audio, generated images, and what is read from caches or written to them needs a rate.
    Raise UnpricedUsage if the parts cannot be distinguished.
    """
    parts = _input_parts(price, usage, rates)
    yield INPUT, INPUT, _rest(price, usage.input_tokens, parts, "cached tokens are audio, images or video")
    for unit, count in parts:
        if count:
            yield INPUT, unit, count
    parts = _output_parts(usage, rates)
    rest = _rest(price, usage.output_tokens, parts, "output tokens are both reasoning and audio")
    for unit, count in ((OUTPUT, rest), *parts):
        if count:
            yield OUTPUT, unit, count
    for unit, counted in _counted(usage):
        if counted:
            yield COUNTED, unit, counted


def _rest(price: Price, whole: int, parts: tuple[tuple[str, int], ...], what: str) -> int:
    rest = whole - sum(count for _, count in parts)
    if rest < 0:
        raise UnpricedUsage(price.model, f"how many of the {what} is not known")
    return rest


def _input_parts(price: Price, usage: Usage, rates: Rates) -> tuple[tuple[str, int], ...]:
    cached_audio = cached_image = 0
    if usage.cached_input_tokens:
        if usage.input_audio_tokens:
            cached_audio = _cached(price, "audio", usage.input_audio_tokens, usage.cached_audio_tokens)
        if usage.input_image_tokens and not (rates.input_image is None is rates.cached_image):
            cached_image = _cached(price, "image", usage.input_image_tokens, usage.cached_image_tokens)
    return (
        ("cached_input", usage.cached_input_tokens - cached_audio - cached_image),
        ("cached_audio", cached_audio),
        ("cached_image", cached_image),
        ("cache_write", usage.cache_write_tokens),
        ("cache_write_1h", usage.cache_write_1h_tokens),
        ("input_audio", usage.input_audio_tokens - cached_audio),
        ("input_image", usage.input_image_tokens - cached_image if rates.input_image is not None else 0),
        ("input_video", usage.input_video_tokens if rates.input_video is not None else 0),
    )


def _cached(price: Price, modality: str, tokens: int, cached: int | None) -> int:
    """How many tokens of a kind that is charged apart were read from a cache."""
    if cached is None:
        name = f"cached_{modality}_tokens"
        raise UnpricedUsage(price.model, f"how many of the {tokens} {modality} tokens are cached is not known ({name})")
    return cached


def _output_parts(usage: Usage, rates: Rates) -> tuple[tuple[str, int], ...]:
    return (
        ("reasoning", usage.reasoning_tokens if rates.reasoning is not None else 0),
        ("output_audio", usage.output_audio_tokens),
        ("output_image", usage.output_image_tokens),
    )


def _counted(usage: Usage) -> tuple[tuple[str, int | Decimal], ...]:
    return (
        ("per_call", usage.requests),
        ("web_search", usage.web_searches),
        ("file_search", usage.file_searches),
        ("image", usage.images),
        ("second", usage.seconds),
        ("page", usage.pages),
    )
