"""Calls that were admitted while the shared counters could not be reached, until they are booked there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from service.limits.store import Settlement


@dataclass(slots=True)
class Debt:
    """What is open for one account: calls admitted in `month`, and a batch whose reply never came."""

    month: int
    calls: int = 0
    lost_batch: int = 0


def ignore_settled(settlements: Sequence[Settlement]) -> None:
    """Bookings are reported to no one."""


class Debts:
    """Open accounts, and the numbers of batches, which only rise.

    A debt is open until it is sealed in a settlement. A settlement never changes again: if its reply
    is lost it is sent again as it was, so that the counters can tell that they know it. Settlements
    are sent in order, and before any other call of their account. `on_settled` is called with those that are booked.
    """

    def __init__(self, on_settled: Callable[[Sequence[Settlement]], None] = ignore_settled) -> None:
        self._on_settled = on_settled
        self._last_batch = 0
        self._open: dict[str, Debt] = {}
        self._sealed: list[Settlement] = []

    @property
    def calls(self) -> int:
        """Calls that are not booked, as far as is known."""
        sealed = sum(settlement.calls for settlement in self._sealed)
        return sealed + sum(debt.calls for debt in self._open.values())

    def next_batch(self) -> int:
        """A number higher than all before."""
        self._last_batch += 1
        return self._last_batch

    def lose(self, account_ids: Iterable[str], batch: int, month: int) -> None:
        """The reply to `batch` never came. Nothing may be sent for these accounts before they are settled."""
        for account_id in account_ids:
            self._debt(account_id, month).lost_batch = batch

    def owe(self, account_id: str, month: int) -> None:
        """One call was admitted without the counters. Debts of a month that is over are forgiven."""
        debt = self._debt(account_id, month)
        if month > debt.month:
            debt.month, debt.calls = month, 0
        debt.calls += 1

    def due(self) -> Sequence[Settlement]:
        """All that is owed, in the order in which to settle it."""
        if self._open:
            opened, self._open = self._open, {}
            for account_id, debt in opened.items():
                batch = self.next_batch()
                self._sealed.append(Settlement(account_id, batch, debt.calls, debt.month, debt.lost_batch))
        return tuple(self._sealed)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """These, the first that were due, are booked."""
        del self._sealed[: len(settlements)]
        if settlements:
            self._on_settled(settlements)

    def _debt(self, account_id: str, month: int) -> Debt:
        return self._open.setdefault(account_id, Debt(month))
