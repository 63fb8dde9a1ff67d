"""Error bands: between what the true count lies, as shares of the estimate, by what the text is written in."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple


class Basis(StrEnum):
    """What a band rests on; docs/estimates.md says more."""

    # A vocabulary put together from the provider's own counts; the band is a margin, not a measurement.
    RECONSTRUCTION = "reconstruction"
    # How far public vocabularies of the kind lie apart; never compared with the model itself.
    SPREAD = "spread"


class ErrorBand(NamedTuple):
    """The true count is expected from (1 + low) to (1 + high) times the estimate; low <= 0 <= high."""

    low: Decimal
    high: Decimal
    basis: Basis


class Script(StrEnum):
    """Kinds of text by their share of characters outside ASCII: how far vocabularies differ depends on it."""

    ASCII = "ascii"
    ACCENTED = "accented"
    SCRIPTS = "scripts"


Bands = Mapping[Script, ErrorBand]

# Shares of 1,000 characters: English and code lie under the first, other languages in Latin letters under the second.
MAX_IN_ASCII: Final = 5
MAX_IN_ACCENTED: Final = 250


def script_of(text: str) -> Script:
    """The kind of a text; an empty one is ASCII."""
    if text.isascii():
        return Script.ASCII
    others = (len(text) - len(text.encode("ascii", "ignore"))) * 1_000
    if others <= MAX_IN_ASCII * len(text):
        return Script.ASCII
    return Script.ACCENTED if others <= MAX_IN_ACCENTED * len(text) else Script.SCRIPTS
