"""An operator's own price, laid over the book: from its day until it expires or the book changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pricing_data.cost import plain
from pricing_data.overrides import Override
from pricing_data.price import Opinion, Price, Tariff


@dataclass(frozen=True, slots=True)
class Standing:
    """A price over the book. `until` is the first day on which it holds no more (None: none is known), for `ended`."""

    row: Price
    until: date | None
    ended: str | None

    def holds(self, at: date) -> bool:
        """Whether it is in force on a day."""
        return self.row.effective_from <= at and (self.until is None or at < self.until)


def stand(histories: Mapping[str, Sequence[Price]], overrides: Sequence[Override]) -> dict[str, tuple[Standing, ...]]:
    """Each override with the time for which it holds over these histories, by model."""
    found: dict[str, tuple[Standing, ...]] = {}
    for override in overrides:
        standing = _standing(override, histories.get(override.model, ()))
        found[override.model] = (*found.get(override.model, ()), standing)
    return found


def _standing(override: Override, history: Sequence[Price]) -> Standing:
    before = [row for row in history if row.effective_from <= override.effective_from]
    current = before[-1] if before else None
    row = override_row(override, current, override.effective_from)
    if not _same(override, current):
        return Standing(row, override.effective_from, f"the book gave {_shown(current)}, not {_replaced(override)}")
    for later in history[len(before) :]:
        expired = override.expires is not None and override.expires <= later.effective_from
        if not expired and not _same(override, later):
            return Standing(row, later.effective_from, f"the book changed to {_shown(later)}")
    return Standing(row, override.expires, f"it expires on {override.expires}" if override.expires else None)


def override_row(override: Override, current: Price | None, recorded_at: date) -> Price:
    """The row of an override over what the sources say."""
    opinions: tuple[Opinion, ...] = ()
    if current is not None and current.input is not None:
        opinions = (Opinion(current.source.package, current.input, current.output), *current.second_opinions)
    return Price(
        model=override.model,
        effective_from=override.effective_from,
        basis="override",
        tariff=Tariff(override.rates),
        source=override.source,
        second_opinions=opinions,
        state="override",
        recorded_at=recorded_at,
    )


def _same(override: Override, row: Price | None) -> bool:
    return override.replaces == (row.input if row else None)


def _shown(row: Price | None) -> str:
    return plain(row.input) if row and row.input is not None else "no price"


def _replaced(override: Override) -> str:
    return plain(override.replaces) if override.replaces is not None else "no price"
