"""limit.lua with an injected clock, called without any code of the service."""

from typing import Any, NamedTuple

import redis

from service.limits.redis_script import limit_script


class Reply(NamedTuple):
    """The script's reply to "hit" and "peek"."""

    admitted: int
    quota_allows: bool
    rate_left: int
    wait_microseconds: int
    quota_left: int
    month_ends_in_seconds: int
    decided_at_microseconds: int


class Script:
    """The script on a real server; each call passes the time, in microseconds since 1970."""

    def __init__(self, client: redis.Redis, limit: int, window_microseconds: int, quota: int) -> None:
        text = limit_script().text
        assert text.count("redis.call('TIME')") == 1
        text = text.replace("redis.call('TIME')", "{math.floor(ARGV[#ARGV] / 1000000), ARGV[#ARGV] % 1000000}")
        self._run = client.register_script(text)
        self.limit = limit
        self._window_and_quota = (window_microseconds, quota)

    def hit(self, account: str, now: int, writer: str = "a", batch: int = 1, calls: int = 1) -> Reply:
        """Admit and record, or refuse, so many calls. A call that arrives too late raises ResponseError."""
        return self._decide("hit", account, now, writer, batch, calls)

    def peek(self, account: str, now: int) -> Reply:
        """Return what `hit` would return, without recording anything."""
        return self._decide("peek", account, now, "a", 0)

    def settle(self, account: str, now: int, writer: str, batch: int, calls: int, month: int, lost: int = 0) -> bool:
        """Book calls. Return False if they were booked before, or arrive too late."""
        return bool(self._run(keys=keys(account), args=["settle", writer, batch, calls, month, lost, now]))

    def _decide(self, mode: str, account: str, now: int, writer: str, batch: int, calls: int = 1) -> Reply:
        reply: Any = self._run(
            keys=keys(account), args=[mode, writer, batch, self.limit, *self._window_and_quota, calls, now]
        )
        return Reply(reply[0], bool(reply[1]), *reply[2:])


def keys(account: str) -> list[str]:
    """Return the two keys of an account."""
    return [f"rl:{{{account}}}:a", f"rl:{{{account}}}:q"]


def recorded(client: redis.Redis, window_key: str) -> list[int]:
    """Return the instants of the admissions under an account's first key, one for each call, newest first."""
    records: Any = client.lrange(window_key, 0, -1)
    of_records = (map(int, record.split(b":")) for record in records)
    return [instant for instant, before, after in of_records for _ in range(before, after)]
