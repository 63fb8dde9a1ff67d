"""A slow and simple limiter, which keeps every call and counts again for each question."""

from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)


def instant(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> int:
    """Return a date and time in UTC as microseconds since 1970."""
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return moment // timedelta(microseconds=1) + micro


def first_of_next_month(moment: datetime) -> datetime:
    """Return the first day of the month after `moment`, 00:00:00."""
    return (moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + 32 * DAY).replace(day=1)


def month_number(moment: datetime) -> int:
    """Return a date's month as YYYYMM."""
    return moment.year * 100 + moment.month


def utc(microseconds: int) -> datetime:
    """Return an instant as a date and time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


class Oracle:
    """One account's limits. `admissions` are the recorded instants, `months` the count of each month."""

    def __init__(self, limit: int, window: int, quota: int) -> None:
        self.limit, self.window, self.quota = limit, window, quota
        self.admissions: list[int] = []
        self.months: dict[int, int] = {}
        self.month = 0

    def hit(self, clock: int) -> tuple[bool, int, int]:
        """Return whether a call is admitted, the calls left in the window, and those left in the month."""
        now = self._settle_instant(clock)
        month = self._month(now)
        admitted = len(self._recent(now)) < self.limit and self.months.get(month, 0) < self.quota
        if admitted:
            if self._forgotten(now):
                self.admissions.clear()
            self.admissions.append(now)
            self.book(month, 1)
        return admitted, max(self.limit - len(self._recent(now)), 0), max(self.quota - self.months.get(month, 0), 0)

    def wait(self, clock: int) -> int:
        """Return the microseconds until the rate allows a call."""
        recent = self.recent(clock)
        if len(recent) < self.limit:
            return 0
        return recent[-self.limit] + self.window - self._settle_instant(clock)

    def recent(self, clock: int) -> list[int]:
        """Return the admissions that count at this instant, oldest first."""
        return self._recent(self._settle_instant(clock))

    def book(self, month: int, calls: int) -> None:
        """Count calls of a month; counts of other months are dropped."""
        self.months = {month: self.months.get(month, 0) + calls}
        self.month = month

    def current_month(self, clock: int) -> int:
        """Return the month in which a settlement arrives."""
        return self._month(clock)

    def _settle_instant(self, clock: int) -> int:
        if self.admissions and clock < self.admissions[-1] <= clock + self.window:
            return self.admissions[-1]
        return clock

    def _forgotten(self, now: int) -> bool:
        return bool(self.admissions) and self.admissions[-1] > now + self.window

    def _recent(self, now: int) -> list[int]:
        return [] if self._forgotten(now) else [at for at in self.admissions if now - self.window < at <= now]

    def _month(self, now: int) -> int:
        moment = utc(now)
        following = first_of_next_month(moment)
        if self.month == month_number(following) and following - moment.replace(microsecond=0) <= DAY:
            return self.month
        return month_number(moment)
