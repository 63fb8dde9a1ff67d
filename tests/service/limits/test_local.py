"""The limit within one process, on a clock that the test sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.limits import Allowance
from service.limits.local import WINDOW_MICROSECONDS, LocalWindows


@pytest.mark.parametrize(
    ("calls_per_second", "workers", "share"), [(10, 1, 10), (10, 4, 2), (10, 10, 1), (10, 64, 1), (1, 2, 1)]
)
def test_share_is_rounded_down_and_at_least_one(calls_per_second: int, workers: int, share: int) -> None:
    """Processes together grant no more than the allowance, unless there are more of them than calls."""
    assert LocalWindows(workers).share(Allowance(calls_per_second, 5000)) == share


@given(st.lists(st.integers(0, 400_000), max_size=60), st.integers(1, 5))
def test_window_agrees_with_counting_again(pauses: list[int], limit: int) -> None:
    """After any sequence of pauses, what is left and the wait are those of a count from scratch."""
    windows, allowance = LocalWindows(1), Allowance(limit, 5000)
    now, admitted = 0, list[int]()
    for pause in pauses:
        now += pause
        recent = [at for at in admitted if at > now - WINDOW_MICROSECONDS]
        assert windows.remaining("a", allowance, now) == limit - len(recent)
        wait = recent[-limit] + WINDOW_MICROSECONDS - now if len(recent) >= limit else 0
        assert windows.wait_microseconds("a", allowance, now) == wait
        if len(recent) < limit:
            windows.record("a", now)
            admitted.append(now)


def test_smaller_allowance_waits_for_its_own_place() -> None:
    """If an account's allowance shrinks, the wait is until fewer calls than the new one are recent."""
    windows = LocalWindows(1)
    for at in range(5):
        windows.record("a", at * 1000)
    assert windows.remaining("a", Allowance(2, 5000), 5000) == 0
    assert windows.wait_microseconds("a", Allowance(2, 5000), 5000) == WINDOW_MICROSECONDS + 3000 - 5000


def test_idle_accounts_are_forgotten_and_active_ones_kept() -> None:
    """However many accounts call, only those of the past second are held, and none of those is lost."""
    windows, allowance = LocalWindows(1), Allowance(1, 5000)
    for number in range(100_000):
        windows.record(f"account-{number}", number * 1000)
    assert len(windows) < 5_000
    now = 100_000 * 1000
    assert all(windows.remaining(f"account-{number}", allowance, now) == 0 for number in range(99_001, 100_000))
