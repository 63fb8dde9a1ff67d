"""What is owed while the store is away."""

from service.limits.store import Settlement
from service.limits.store_clock import StoreClock
from service.limits.unsynced_usage import Debts
from tests.service.limits.oracle import instant


def test_settlement_stays_as_it_was_until_it_is_settled() -> None:
    """A settlement that is sent again is the same to the number; what came later follows in its own."""
    debts = Debts()
    debts.lose(["a"], debts.next_batch(), 202611)
    debts.owe("a", 202611)
    debts.owe("a", 202611)
    first = debts.due()
    assert first == (Settlement("a", batch=2, calls=2, month=202611, lost_batch=1),)
    debts.owe("a", 202611)
    assert debts.due() == (*first, Settlement("a", batch=3, calls=1, month=202611, lost_batch=0))
    assert debts.calls == 3
    debts.settled(first)
    assert [settlement.calls for settlement in debts.due()] == [1]


def test_debts_of_a_month_that_is_over_are_forgiven() -> None:
    """An outage across the 1st does not use up the new month with calls of the old one."""
    debts = Debts()
    for _ in range(5000):
        debts.owe("a", 202611)
    debts.owe("a", 202612)
    (settlement,) = debts.due()
    assert (settlement.calls, settlement.month) == (1, 202612)


def test_clock_follows_the_store_not_the_host() -> None:
    """A host whose clock is a year slow knows the store's month after one reply, and keeps it going."""
    monotonic = [5_000_000_000]
    clock = StoreClock(lambda: monotonic[0], lambda: instant(2025, 12, 1) * 1000)
    assert clock.month() == 202512
    clock.follow(instant(2026, 11, 30, 23, 59, 59))
    assert clock.month() == 202611
    monotonic[0] += 999_999_000
    assert clock.month() == 202611
    monotonic[0] += 1000
    assert (clock.month(), clock.now_microseconds()) == (202612, instant(2026, 12, 1))
