"""What an operator asks of an account besides the price: a share of it, shown apart and never mixed into it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pricing_data.cost import multiply
from pricing_data.instants import instant_of

HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Markup:
    """A share of the price in percent, for an account, from `begins` until before `ends` (None: without an end)."""

    account: str
    percent: Decimal
    begins: datetime
    ends: datetime | None = None

    def holds(self, at: date) -> bool:
        """Return whether it is in force at an aware instant, or on a day (UTC) at its noon."""
        instant = instant_of(at)
        return self.begins <= instant and (self.ends is None or instant < self.ends)

    def amount(self, usd: Decimal) -> Decimal:
        """Return what it adds to an amount in USD, exactly."""
        return multiply(multiply(usd, self.percent), HUNDREDTH)


def markup_of(markups: Iterable[Markup], account: str | None, at: date) -> Markup | None:
    """Return the mark-up of an account at an instant or on a day, None if it has none."""
    return next((markup for markup in markups if markup.account == account and markup.holds(at)), None)
