"""What the readers of all sources do with rates: which are apart from others, and how a service's tiers follow."""

from dataclasses import replace
from decimal import Decimal

from pricing_data.cost import multiply
from pricing_data.price import RATE_FIELDS, TOKEN_FIELDS, Rates, Service, Tier
from pricing_data.rate_paths import path_of
from pricing_data.refresh.source_snapshot import AmountReader


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


def times(amounts: AmountReader, key: str, service: Service, factor: Decimal) -> Service:
    """Return a service in which every rate of a token is multiplied; a fee for a counted thing is not among them."""
    tiers = (Tier(tier.above_tokens, _times(amounts, key, service.name, tier, factor)) for tier in service.tiers)
    return replace(
        service, rates=_times(amounts, key, service.name, Tier(0, service.rates), factor), tiers=tuple(tiers)
    )


def unknown_above(service: Service, standard: tuple[Tier, ...]) -> Service:
    """Return a service without tiers as one that states nothing above the lowest bound of the standard tiers.

    Its source knows that long calls cost more and does not say what they cost in this service.
    """
    if service.tiers or not standard:
        return service
    return replace(service, tiers=(Tier(standard[0].above_tokens, Rates()),))


def _times(amounts: AmountReader, key: str, service: str, tier: Tier, factor: Decimal) -> Rates:
    found = {name: getattr(tier.rates, name) for name in TOKEN_FIELDS}
    return Rates(
        **{
            name: amounts.rate(key, path_of(name, service, tier.above_tokens), multiply(value, factor))
            for name, value in found.items()
            if value is not None
        }
    )
