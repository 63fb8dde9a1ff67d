"""The script's months and its handling of a clock that steps back, at injected instants."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis

from tests.promises.figure import Figure
from tests.service.limits.oracle import first_of_next_month, instant, month_number, utc
from tests.service.limits.script import Script, keys
from tests.service.store_process import StoreProcess

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.fixture
def plain(store: StoreProcess) -> Iterator[redis.Redis]:
    """Return a Redis client of the shared store."""
    with store.client() as client:
        yield client


def boundaries() -> list[int]:
    """Return the first instant of every month from 1970 to 2230."""
    return [instant(year, month, 1) for year in range(1970, 2231) for month in range(1, 13)][1:]


def test_every_month_ends_when_the_calendar_says(plain: redis.Redis, account_id: str, figure: Figure) -> None:
    """At a month's first and last microsecond, and at random instants, the seconds to the 1st are the calendar's."""
    script = Script(plain, 10, SECOND, 5000)
    chance = random.Random(7)
    instants = [at + offset for at in boundaries() for offset in (-1, 0)]
    instants += [chance.randrange(0, instant(2231, 1, 1)) for _ in range(500)]
    for now in instants:
        moment = utc(now)
        expected = (first_of_next_month(moment) - moment.replace(microsecond=0)) // timedelta(seconds=1)
        assert script.peek(account_id, now).month_ends_in_seconds == expected, moment
    figure(f"{len(instants)} instants agree with the calendar, at every 1st from 1970 to 2230")


@pytest.mark.parametrize(
    "first",
    [
        instant(2024, 3, 1),
        instant(2026, 3, 1),
        instant(2100, 3, 1),
        instant(2000, 3, 1),
        instant(2027, 1, 1),
        instant(2026, 5, 1),
    ],
)
def test_quota_opens_on_the_first_at_midnight(plain: redis.Redis, account_id: str, first: int) -> None:
    """A quota that is used up refuses until the last microsecond of the month, and is whole at midnight UTC."""
    script = Script(plain, 10, SECOND, 3)
    for second in range(3):
        assert script.hit(account_id, first - (10 - second) * SECOND).admitted
    refused = script.hit(account_id, first - 1)
    assert (refused.admitted, refused.quota_allows, refused.month_ends_in_seconds) == (False, False, 1)
    opened = script.hit(account_id, first)
    assert (opened.admitted, opened.quota_left) == (True, 2)
    assert plain.hget(keys(account_id)[1], "m") == str(month_number(utc(first))).encode()


def test_29_february_belongs_to_february(plain: redis.Redis, account_id: str) -> None:
    """In a leap year the quota does not open on 29 February; in another year there is no such day."""
    script = Script(plain, 10, SECOND, 1)
    assert script.hit(account_id, instant(2028, 2, 28, 23, 59, 59)).admitted
    assert not script.hit(account_id, instant(2028, 2, 29)).admitted
    assert script.hit(account_id, instant(2028, 3, 1)).admitted


def test_place_is_free_exactly_one_window_later(plain: redis.Redis, account_id: str) -> None:
    """A call is refused one microsecond before the oldest of ten is a second old, and admitted then."""
    script = Script(plain, 10, SECOND, 5000)
    start = instant(2026, 11, 21, 12)
    assert all(script.hit(account_id, start + offset).admitted for offset in range(10))
    refused = script.hit(account_id, start + SECOND - 1)
    assert (refused.admitted, refused.rate_left, refused.wait_microseconds) == (False, 0, 1)
    assert script.hit(account_id, start + SECOND).admitted
    assert not script.hit(account_id, start + SECOND).admitted


def test_small_step_back_does_not_open_the_window_again(plain: redis.Redis, account_id: str) -> None:
    """If the clock steps back by up to a window, the account gets no second allowance."""
    script = Script(plain, 10, SECOND, 5000)
    now = instant(2026, 11, 21, 12)
    assert all(script.hit(account_id, now).admitted for _ in range(10))
    for back in (1, SECOND // 2, SECOND):
        assert not script.hit(account_id, now - back).admitted


@pytest.mark.parametrize("back", [5 * SECOND, HOUR, 40 * 24 * HOUR])
def test_large_step_back_does_not_lock_out(plain: redis.Redis, account_id: str, back: int) -> None:
    """After a step back of more than a window the account can call immediately, still ten a second."""
    script = Script(plain, 10, SECOND, 5000)
    now = instant(2026, 11, 21, 12)
    assert all(script.hit(account_id, now).admitted for _ in range(10))
    assert all(script.hit(account_id, now - back).admitted for _ in range(10))
    assert not script.hit(account_id, now - back).admitted
    assert script.hit(account_id, now - back + SECOND).admitted


@pytest.mark.parametrize("back", [SECOND // 2, 5 * SECOND, HOUR, 23 * HOUR])
def test_step_back_across_the_first_gives_no_second_quota(plain: redis.Redis, account_id: str, back: int) -> None:
    """If the clock falls back into the month that has just ended, its quota does not open again."""
    script = Script(plain, 10, SECOND, 2)
    first = instant(2026, 12, 1)
    assert script.hit(account_id, first - 2 * HOUR).admitted
    assert script.hit(account_id, first - HOUR).admitted
    assert script.hit(account_id, first).admitted
    again = script.hit(account_id, first - back)
    assert (again.admitted, again.quota_left) == (True, 0)
    refused = script.hit(account_id, first - back + 2 * SECOND)
    assert not refused.quota_allows
    assert script.hit(account_id, instant(2027, 1, 1)).admitted


def test_refused_call_changes_nothing(plain: redis.Redis, account_id: str, figure: Figure) -> None:
    """A thousand refused calls leave both keys as they were, and the next place opens on time."""
    script = Script(plain, 10, SECOND, 5000)
    start = instant(2026, 11, 21, 12)
    for _ in range(10):
        script.hit(account_id, start)
    before = [plain.dump(key) for key in keys(account_id)]
    assert not any(script.hit(account_id, start + offset).admitted for offset in range(1000))
    assert [plain.dump(key) for key in keys(account_id)] == before
    assert script.hit(account_id, start + SECOND).admitted
    figure("1000 refused calls, stored keys unchanged to the byte")


def test_large_limits_are_counted_exactly(plain: redis.Redis, account_id: str) -> None:
    """A limit of thousands of calls is counted to the call, whatever part of the window has passed."""
    script = Script(plain, 2000, SECOND, 10**12)
    start = instant(2026, 11, 21, 12)
    for offset in range(2000):
        assert script.hit(account_id, start + offset * 500).admitted
    assert not script.hit(account_id, start + SECOND - 1).admitted
    assert script.peek(account_id, start + SECOND + 500 * 499).rate_left == 500
    assert script.peek(account_id, start + SECOND + 500 * 1999).rate_left == 2000
