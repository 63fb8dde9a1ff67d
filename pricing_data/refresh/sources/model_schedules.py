"""The hours of providers in model-prices: in peak hours all rates of a provider's models are multiplied, or in
off-peak hours those of some models, from one instant until another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pricing_data.dates import calendars, is_holiday
from pricing_data.price import STANDARD, PriceSource, Rates, Service, Tariff, Window
from pricing_data.refresh.source_snapshot import AmountReader
from pricing_data.refresh.sources.hours import MINUTES_A_DAY, MINUTES_A_WEEK, in_week, minute_of, windows
from pricing_data.refresh.sources.rates import times

EVERY_DAY, WORKING_DAYS = range(1, 8), range(1, 6)


@dataclass(frozen=True, slots=True)
class ProviderSchedule:
    """Hours (UTC) in which a provider's rates are multiplied: those of `models`, or of all if it is None."""

    provider: str
    url: str
    since: datetime
    until: datetime | None
    hours: tuple[tuple[str, str], ...]
    weekdays: Sequence[int]
    factor: object
    models: Mapping[str, object] | None
    holidays: str | None
    holiday_days: tuple[str, ...]
    utc_offset_minutes: int

    @property
    def bounds(self) -> tuple[datetime, ...]:
        """Return the instants at which it begins and ends."""
        return (self.since, self.until) if self.until else (self.since,)

    def holds(self, instant: datetime) -> bool:
        """Return whether it is in force at an instant."""
        return self.since <= instant and (self.until is None or instant < self.until)

    def factor_of(self, model: str) -> object:
        """Return by what a model's rates are multiplied; None if it has no such hours."""
        return self.factor if self.models is None else self.models.get(model)


def schedules_of(raw: Mapping[str, Any]) -> list[ProviderSchedule]:
    """Return the schedules of a snapshot. Raise ValueError, TypeError or LookupError for another form."""
    return [_schedule(raw.get("holidays") or {}, entry) for entry in raw.get("schedule") or ()]


def by_the_hour(
    amounts: AmountReader, source: PriceSource, tariff: Tariff, schedules: Sequence[ProviderSchedule]
) -> Tariff:
    """Return a tariff with the hours of the schedules that hold; what cannot be read is noted in `amounts`.

    A rule holds from the whole start of its schedule, as the source applies it.
    """
    key = f"{source.provider}/{source.id}"
    for schedule in schedules:
        given = schedule.factor_of(source.id)
        if given is None:
            continue
        factor = amounts.factor(key, "schedule", given)
        if fault := _fault(tariff, schedule):
            amounts.refuse(key, "schedule", schedule.url, fault)
        if factor is None or fault:
            return Tariff(Rates())
        rates = times(amounts, key, Service(STANDARD, tariff.rates), factor).rates
        tariff = replace(tariff, schedule=_windows(schedule, rates))
    return tariff


def _schedule(holidays: Mapping[str, Any], entry: Mapping[str, Any]) -> ProviderSchedule:
    off_peak = entry.get("off_peak_hours_utc")
    calendar = holidays.get(entry.get("holidays") or "") or {}
    until = entry.get("valid_until")
    return ProviderSchedule(
        provider=entry["provider"],
        url=entry["source"],
        since=_instant(entry["valid_from"]),
        until=_instant(until) if until else None,
        hours=tuple((starts, ends) for starts, ends in off_peak or entry["peak_hours_utc"]),
        weekdays=WORKING_DAYS if entry.get("weekdays_only") else EVERY_DAY,
        factor=None if off_peak else entry["peak_multiplier"],
        models=entry["off_peak_multiplier"] if off_peak else None,
        holidays=entry.get("holidays"),
        holiday_days=tuple(calendar.get("dates") or ()),
        utc_offset_minutes=int(calendar.get("utc_offset_hours") or 0) * 60,
    )


def _fault(tariff: Tariff, schedule: ProviderSchedule) -> str | None:
    """Why the hours of a schedule cannot be stated; None if they can."""
    name = schedule.holidays
    if tariff.tiers or tariff.services or tariff.schedule:
        return "hours beside tiers, services or other hours"
    if name and name not in calendars():
        return f"the holidays {name!r} are not known here"
    missing = [
        day for day in schedule.holiday_days if name and not is_holiday(name, datetime.fromisoformat(day).date())
    ]
    return f"the holidays {name!r} here lack {', '.join(missing)}" if missing else None


def _windows(schedule: ProviderSchedule, rates: Rates) -> tuple[Window, ...]:
    """The windows of a schedule in the time zone of its holidays: a window holds on no holiday of its own zone."""
    offset = schedule.utc_offset_minutes
    minutes = {
        (minute + offset) % MINUTES_A_WEEK
        for starts, ends in schedule.hours
        for minute in in_week(minute_of(starts), minute_of(ends), schedule.weekdays)
    }
    if len(minutes) * 2 > MINUTES_A_WEEK or offset % MINUTES_A_DAY != offset:
        raise ValueError(f"hours of most of the week, or a time zone behind UTC: {schedule.hours}")
    found = windows(minutes, rates)
    return tuple(replace(window, utc_offset_minutes=offset, holidays=schedule.holidays) for window in found)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
