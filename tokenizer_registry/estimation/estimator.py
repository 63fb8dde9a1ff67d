"""Which model is estimated how: estimates.toml."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from tokenizer_registry.catalogue import read_catalogue
from tokenizer_registry.estimation.bands import Bands, Basis, ErrorBand, Script
from tokenizer_registry.rows import Row


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


def _estimator(row: Row) -> Estimator:
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


def _bands(row: Row, error: Row) -> Bands:
    try:
        basis = Basis(row.text("basis"))
    except ValueError:
        raise row.fault(f"basis must be one of {', '.join(Basis)}") from None
    bands = {script: _band(error, script, basis) for script in Script}
    error.finish()
    return bands


def _band(error: Row, script: Script, basis: Basis) -> ErrorBand:
    try:
        low, high = map(Decimal, error.texts(script))
    except (InvalidOperation, ValueError):
        raise error.fault(f"{script} must be two decimals in quotes") from None
    if not -1 < low <= 0 <= high:
        raise error.fault(f"{script} must be from above -1 to 0, and from 0 up")
    return ErrorBand(low, high, basis)
