"""The limits without the shared counters, on a clock that the test sets."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.limits import AccountTable, Allowance, Decision
from service.limits.account_table import CALL_RECORDS, SETS, WAYS
from service.limits.fallback import INTERVAL_MICROSECONDS, LocalLimits, StoreClock
from service.limits.store import LimitRequest, UsageBooking

SECOND = 1_000_000
# 2026-11-28, noon, UTC.
NOON = 1_795_867_200 * SECOND
MONTH = 202_611
MANY = 10**6


class Clock:
    """The host's clock, which the test sets."""

    def __init__(self) -> None:
        self.now = 100 * SECOND
        self.store = StoreClock(lambda: self.now * 1000, lambda: (NOON + self.now) * 1000)


def limits(clock: Clock, table: AccountTable | None = None) -> LocalLimits:
    """Return the limits of one process."""
    return LocalLimits(table or AccountTable(), clock.store)


def decided(of: LocalLimits, per_second: int, per_month: int = MANY, account: str = "a", **call: bool) -> Decision:
    """Return the decision on a call that would be booked later."""
    question = LimitRequest(account, Allowance(per_second, per_month), call.get("recorded", True))
    decision = of.decide(question, count_later=call.get("count_later", True))
    assert decision is not None
    return decision


def answer(clock: Clock, *, second_left: int, month_left: int, allowance: Allowance) -> Decision:
    """Record an answer of the shared counters."""
    return Decision(True, None, allowance, second_left, 0, month_left, 0, clock.store.now_microseconds())


@given(st.lists(st.integers(0, 400_000), max_size=60), st.integers(1, CALL_RECORDS))
def test_window_agrees_with_counting_again(pauses: list[int], limit: int) -> None:
    """After any sequence of pauses, the calls left and the wait equal those of a count from the beginning."""
    clock, admitted = Clock(), list[int]()
    of = limits(clock)
    for pause in pauses:
        clock.now += pause
        recent = [at for at in admitted if at > clock.now - SECOND]
        look = decided(of, limit, recorded=False)
        assert look.rate_remaining == limit - len(recent)
        wait = recent[-limit] + SECOND - clock.now if len(recent) >= limit else 0
        assert look.rate_retry_after_seconds == -(-wait // SECOND)
        if decided(of, limit).admitted:
            admitted.append(clock.now)
        assert (clock.now in admitted) == (len(recent) < limit or clock.now in recent)


@given(st.lists(st.integers(0, 30_000), min_size=30, max_size=200), st.integers(CALL_RECORDS + 1, 60))
def test_larger_allowances_are_never_passed_and_hardly_late(pauses: list[int], limit: int) -> None:
    """A large allowance, counted in intervals, is never exceeded, and is granted one interval late at most."""
    clock, admitted = Clock(), list[int]()
    of = limits(clock)
    for pause in pauses:
        clock.now += pause
        recent = sum(at > clock.now - SECOND for at in admitted)
        if decided(of, limit).admitted:
            admitted.append(clock.now)
            assert recent < limit
        else:
            assert sum(at > clock.now - SECOND - INTERVAL_MICROSECONDS for at in admitted) >= limit


def test_smaller_allowance_waits_for_its_own_place() -> None:
    """If an account's allowance shrinks, the wait is until fewer calls than the new one are recent."""
    clock = Clock()
    of = limits(clock)
    for _ in range(5):
        assert decided(of, 5).admitted
        clock.now += 100_000
    clock.now += 450_000
    refused = decided(of, 2)
    assert (refused.refused_by, refused.rate_remaining, refused.rate_retry_after_seconds) == ("rate", 0, 1)
    clock.now += 350_000
    assert decided(of, 2).admitted


def test_idle_accounts_give_way_and_active_ones_are_kept() -> None:
    """However many accounts call, the table keeps its size and drops no account that called in the last second."""
    clock = Clock()
    of = limits(clock)
    for number in range(3 * SETS * WAYS):
        clock.now += 1000
        assert decided(of, 1, account=f"account-{number}").admitted
    last = 3 * SETS * WAYS
    assert not any(decided(of, 1, account=f"account-{number}").admitted for number in range(last - 999, last))


def test_full_set_of_active_accounts_makes_no_place() -> None:
    """If every account in the table called within the last second, a call of another account gets no decision."""
    clock, table = Clock(), AccountTable()
    of = limits(clock, table)
    outcomes = Counter(
        of.decide(LimitRequest(f"account-{number}", Allowance(1, MANY), True), count_later=True) is None
        for number in range(2 * SETS * WAYS)
    )
    assert outcomes[True] >= SETS * WAYS


def test_calls_of_the_store_count_for_its_second() -> None:
    """Calls that the store admitted in the current second count after it became unreachable."""
    clock, allowance = Clock(), Allowance(10, MANY)
    of = limits(clock)
    of.note("a", answer(clock, second_left=3, month_left=100, allowance=allowance), clock.now)
    clock.now += 600_000
    assert [decided(of, 10).admitted for _ in range(4)] == [True, True, True, False]
    clock.now += 400_000
    assert decided(of, 10).rate_remaining == 6


def test_newest_answer_says_what_is_left_of_the_quota() -> None:
    """Of two workers' answers the newest counts, less what both admitted since; a raised quota counts immediately."""
    clock, table, allowance = Clock(), AccountTable(), Allowance(MANY, 100)
    table.columns = 1
    of, other = limits(clock, table), limits(clock, table)
    of.note("a", answer(clock, second_left=MANY, month_left=50, allowance=allowance), clock.now)
    clock.now += 1
    other.note("a", answer(clock, second_left=MANY, month_left=3, allowance=allowance), clock.now)
    assert [decided(who, MANY, 100).refused_by for who in (of, other, of, other)] == [None, None, None, "quota"]
    refused = decided(of, MANY, 100)
    # Two days and a half until December.
    assert (refused.quota_remaining, refused.quota_retry_after_seconds) == (0, 2 * 86_400 + 43_200 - 100)
    assert decided(of, MANY, 101).admitted
    assert decided(of, MANY, 101).refused_by == "quota"


def test_booked_calls_are_counted_once() -> None:
    """Calls that were booked count as the store's, whether or not an answer has come since."""
    clock, allowance = Clock(), Allowance(MANY, 10)
    of = limits(clock)
    of.note("a", answer(clock, second_left=MANY, month_left=7, allowance=allowance), clock.now)
    assert [decided(of, MANY, 10).admitted for _ in range(4)] == [True] * 4
    of.booked([UsageBooking("a", 1, 4, MONTH, 0)])
    assert [decided(of, MANY, 10).admitted for _ in range(4)] == [True, True, True, False]
    of.booked([UsageBooking("a", 2, 3, MONTH, 0)])
    clock.now += 1
    of.note("a", answer(clock, second_left=MANY, month_left=2, allowance=allowance), clock.now)
    assert [decided(of, MANY, 10).admitted for _ in range(3)] == [True, True, False]


def test_new_month_begins_a_new_quota() -> None:
    """What was known and what was admitted in the old month do not count in the new one."""
    clock, allowance = Clock(), Allowance(MANY, 2)
    of = limits(clock)
    of.note("a", answer(clock, second_left=MANY, month_left=1, allowance=allowance), clock.now)
    assert [decided(of, MANY, 2).admitted for _ in range(2)] == [True, False]
    clock.now += 3 * 86_400 * SECOND
    assert [decided(of, MANY, 2).admitted for _ in range(3)] == [True, True, False]


def test_calls_that_will_not_be_booked_have_no_quota() -> None:
    """If an account's record is broken, only its rate is limited."""
    clock = Clock()
    of = limits(clock)
    assert [decided(of, 2, 1, count_later=False).refused_by for _ in range(3)] == [None, None, "rate"]
