"""What the readers of all sources do with rates: which are apart from others, and how a service's tiers follow."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from pricing_data.price import RATE_FIELDS, Rates, Service, Tier


def apart(rates: Rates) -> Rates:
    """Return rates without those of images, video and reasoning that are no other than the plain ones.

    They are counted among input or output, which they follow where nothing else is stated.
    """
    same_image = rates.input_image is None or rates.input_image == rates.input
    same_cached = same_image and rates.cached_image == rates.cached_input
    return replace(
        rates,
        reasoning=None if rates.reasoning == rates.output else rates.reasoning,
        input_image=None if same_image else rates.input_image,
        cached_image=None if same_cached else rates.cached_image,
        input_video=None if rates.input_video == rates.input else rates.input_video,
    )


def known(rates: Rates) -> bool:
    """Return whether any rate is known."""
    return any(getattr(rates, name) is not None for name in RATE_FIELDS)


def each(rates: Rates, change: Callable[[Decimal], Decimal]) -> Rates:
    """Return rates in which every known one is changed in the same way."""
    values = {name: getattr(rates, name) for name in RATE_FIELDS}
    return Rates(**{name: None if value is None else change(value) for name, value in values.items()})


def unknown_above(service: Service, standard: tuple[Tier, ...]) -> Service:
    """Return a service without tiers as one that states nothing above the lowest bound of the standard tiers.

    Its source knows that long calls cost more and does not say what they cost in this service.
    """
    if service.tiers or not standard:
        return service
    return replace(service, tiers=(Tier(standard[0].above_tokens, Rates()),))
