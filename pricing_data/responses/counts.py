"""What a reader makes of a usage object."""

from typing import NamedTuple

from pricing_data.usage import Usage


class Counts(NamedTuple):
    """The counts of a usage object, and the terms that it states itself.

    `ignored` are the paths of properties that change no cost. `service` and `region` are as the provider names
    them, None if the usage says nothing of them. `apart` are rates, each with the property that asks for it, without
    which there is no cost: they must not be charged as anything else. `provider` is who counts so, where that is
    stated or plain to see.
    """

    usage: Usage
    ignored: tuple[str, ...] = ()
    service: str | None = None
    region: str | None = None
    apart: tuple[tuple[str, str], ...] = ()
    provider: str | None = None
