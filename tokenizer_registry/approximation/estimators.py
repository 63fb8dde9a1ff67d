"""Estimators: which model is estimated with which vocabulary (estimates.toml), and the error bands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from tokenizer_registry.catalogue import TomlRow, read_catalogue


class Basis(StrEnum):
    """What a band rests on; docs/estimates.md says more."""

    # A vocabulary put together from the provider's own counts; the band is a margin, not a measurement.
    RECONSTRUCTION = "reconstruction"
    # How far public vocabularies of the kind lie apart; never compared with the model itself.
    SPREAD = "spread"
    # The provider's own numbers for recorded calls.
    RECORDED = "recorded"


class ErrorBand(NamedTuple):
    """The true count is expected from (1 + low) to (1 + high) times the estimate; low <= 0 <= high."""

    low: Decimal
    high: Decimal
    basis: Basis


class ScriptClass(StrEnum):
    """Kinds of text by their share of characters outside ASCII: how far vocabularies differ depends on it."""

    ASCII = "ascii"
    ACCENTED = "accented"
    SCRIPTS = "scripts"


Bands = Mapping[ScriptClass, ErrorBand]

# Shares of 1,000 characters: English and code lie under the first, other languages in Latin letters under the second.
MAX_IN_ASCII: Final = 5
MAX_IN_ACCENTED: Final = 250


def script_of(text: str) -> ScriptClass:
    """The kind of a text; an empty one is ASCII."""
    if text.isascii():
        return ScriptClass.ASCII
    others = (len(text) - len(text.encode("ascii", "ignore"))) * 1_000
    if others <= MAX_IN_ASCII * len(text):
        return ScriptClass.ASCII
    return ScriptClass.ACCENTED if others <= MAX_IN_ACCENTED * len(text) else ScriptClass.SCRIPTS


@dataclass(frozen=True, slots=True)
class Estimator:
    """One row of estimates.toml: `models` are counted with `vocabulary`, which is not theirs.

    `vocabulary` is a public one or a reconstruction. `peers` are the public vocabularies whose spread around it
    gave the bands; a reconstruction's bands have none.
    """

    name: str
    vocabulary: str
    bands: Bands
    peers: tuple[str, ...]
    reason: str
    models: tuple[str, ...]


def read_estimators(path: Path, models: Collection[str], vocabularies: Collection[str]) -> tuple[Estimator, ...]:
    """The estimators of a file, in its order.

    Raises BadCatalogue for a missing or unknown key, an impossible band, a model or vocabulary that is not known,
    or one listed twice.
    """
    document = read_catalogue(path)
    rows = document.tables("estimator")
    document.finish()
    estimators: dict[str, Estimator] = {}
    taken: set[str] = set()
    for row in rows:
        estimator = _estimator(row)
        for name in (estimator.vocabulary, *estimator.peers):
            if name not in vocabularies:
                raise row.fault(f"there is no vocabulary {name!r}")
        for name in estimator.models:
            if name not in models:
                raise row.fault(f"there is no model {name!r} in models.toml")
            if name in taken:
                raise row.fault(f"the model {name!r} is taken by an earlier line")
            taken.add(name)
        if estimator.name in estimators:
            raise row.fault(f"the name {estimator.name!r} is taken by an earlier estimator")
        estimators[estimator.name] = estimator
    return tuple(estimators.values())


def _estimator(row: TomlRow) -> Estimator:
    estimator = Estimator(
        name=row.text("name"),
        vocabulary=row.text("vocabulary"),
        bands=_bands(row, row.table("error")),
        peers=row.texts("peers"),
        reason=row.text("reason"),
        models=row.texts("models"),
    )
    row.finish()
    return estimator


def _bands(row: TomlRow, error: TomlRow) -> Bands:
    try:
        basis = Basis(row.text("basis"))
    except ValueError:
        raise row.fault(f"basis must be one of {', '.join(Basis)}") from None
    bands = {script: _band(error, script, basis) for script in ScriptClass}
    error.finish()
    return bands


def _band(error: TomlRow, script: ScriptClass, basis: Basis) -> ErrorBand:
    try:
        low, high = map(Decimal, error.texts(script))
    except (InvalidOperation, ValueError):
        raise error.fault(f"{script} must be two decimals in quotes") from None
    if not -1 < low <= 0 <= high:
        raise error.fault(f"{script} must be from above -1 to 0, and from 0 up")
    return ErrorBand(low, high, basis)
