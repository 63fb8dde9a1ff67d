"""An operator's own price, laid over the book: from its day until it expires or the book changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pricing_data.book.overrides import Override
from pricing_data.cost import plain
from pricing_data.dates import begin_of, instant_of
from pricing_data.price import Opinion, Price


@dataclass(frozen=True, slots=True)
class OverrideValidity:
    """A price over the book. It holds until before `ends` (None: no end is known), for the reason `ended`."""

    row: Price
    ends: datetime | None
    ended: str | None

    @property
    def until(self) -> date | None:
        """Return the first day (UTC) on which it no longer holds, or not all day."""
        return self.ends.date() if self.ends else None

    def holds(self, at: date) -> bool:
        """Return whether it is in force at an aware instant, or on a day (UTC) at its noon."""
        instant = instant_of(at)
        return self.row.begins <= instant and (self.ends is None or instant < self.ends)


def override_validities(
    histories: Mapping[str, Sequence[Price]], overrides: Sequence[Override]
) -> dict[str, tuple[OverrideValidity, ...]]:
    """Return each override with the time for which it holds over these histories, by model."""
    found: dict[str, tuple[OverrideValidity, ...]] = {}
    for override in overrides:
        standing = _validity(override, histories.get(override.model, ()))
        found[override.model] = (*found.get(override.model, ()), standing)
    return found


def _validity(override: Override, history: Sequence[Price]) -> OverrideValidity:
    begins = datetime.combine(override.effective_from, override.effective_at, UTC)
    before = [row for row in history if row.begins <= begins]
    current = before[-1] if before else None
    row = override_row(override, current, override.effective_from)
    if not _same(override, current):
        return OverrideValidity(row, begins, f"the book gave {_input_text(current)}, not {_replaced_text(override)}")
    expires = begin_of(override.expires) if override.expires is not None else None
    for later in history[len(before) :]:
        expired = expires is not None and expires <= later.begins
        if not expired and not _same(override, later):
            return OverrideValidity(row, later.begins, f"the book changed to {_input_text(later)}")
    return OverrideValidity(row, expires, f"it expires on {override.expires}" if expires else None)


def override_row(override: Override, current: Price | None, recorded_at: date) -> Price:
    """Return the row of an override over that of the sources."""
    opinions: tuple[Opinion, ...] = ()
    if current is not None and current.input is not None:
        opinions = (Opinion(current.source.package, current.input, current.output), *current.second_opinions)
    return Price(
        model=override.model,
        effective_from=override.effective_from,
        effective_at=override.effective_at,
        basis="override",
        tariff=override.tariff,
        source=override.source,
        second_opinions=opinions,
        state="override",
        recorded_at=recorded_at,
    )


def _same(override: Override, row: Price | None) -> bool:
    return override.replaces == (row.input if row else None)


def _input_text(row: Price | None) -> str:
    return plain(row.input) if row and row.input is not None else "no price"


def _replaced_text(override: Override) -> str:
    return plain(override.replaces) if override.replaces is not None else "no price"
