"""The values that are chosen for the paths of a tariff at one instant, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from pricing_data.price import STANDARD, PriceSource
from pricing_data.rate_paths import path_of
from pricing_data.refresh.source_history import ValuePeriod
from pricing_data.refresh.tariff_values import TIER, PathValue, place_of


@dataclass(frozen=True, slots=True)
class ChosenValue:
    """The value of a path that holds, who states it and since when. `begins` is `ALWAYS` where it has no day."""

    value: PathValue
    begins: datetime
    basis: str
    source: PriceSource
    not_before: date | None = None


def chosen_from(period: ValuePeriod) -> ChosenValue:
    return ChosenValue(
        period.value if period.value is not None else (), period.begins, period.basis, period.source, period.not_before
    )


def values_in(choices: Mapping[str, ChosenValue]) -> dict[str, PathValue]:
    """Return the values alone."""
    return {path: choice.value for path, choice in choices.items()}


def with_standard_bounds(found: dict[str, ChosenValue]) -> dict[str, ChosenValue]:
    """Return values in which the tiers of each service begin where those of the standard service do.

    A bound that is off by one is the same one: "above N" and "from N on". What a service costs above another bound is
    not known.
    """
    places = {path: place for path in found if (place := place_of(path)) and place.above_tokens}
    standard = sorted({place.above_tokens for place in places.values() if place.service == STANDARD})
    if not standard:
        return found
    kept: dict[str, ChosenValue] = {}
    for path, choice in found.items():
        place = places.get(path)
        if place is None or place.service == STANDARD or place.above_tokens in standard:
            kept[path] = choice
        elif near := [bound for bound in standard if abs(bound - place.above_tokens) <= 1]:
            kept[path_of(place.rate, place.service, near[0])] = choice
        else:
            kept[path_of(TIER, place.service, standard[0])] = replace(choice, value=())
    return kept
