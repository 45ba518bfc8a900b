"""The hours in which a vendor may touch a cache: once a week for maintenance, once a day for a snapshot. All UTC."""

import re
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SHORTEST_MINUTES: Final = 60

_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_STEP: Final = 5
_CLOCK: Final = r"([01]\d|2[0-3]):([0-5]\d)"
_WEEKLY: Final = re.compile(rf"({'|'.join(DAYS)}):{_CLOCK}-({'|'.join(DAYS)}):{_CLOCK}")
_DAILY: Final = re.compile(rf"{_CLOCK}-{_CLOCK}")


def weekly(text: str) -> range:
    """Read "sun:03:00-sun:04:00" as minutes since Monday, 0:00; the end may lie in the next week.

    Raises `ValueError`, also for less than an hour (ElastiCache API reference, PreferredMaintenanceWindow).
    """
    found = _WEEKLY.fullmatch(text)
    if found is None:
        raise ValueError('is not of the form "ddd:hh:mm-ddd:hh:mm", in lower case and UTC')
    start_day, start_hour, start_minute, end_day, end_hour, end_minute = found.groups()
    start = DAYS.index(start_day) * _DAY + int(start_hour) * 60 + int(start_minute)
    end = DAYS.index(end_day) * _DAY + int(end_hour) * 60 + int(end_minute)
    return _window(start, end, _WEEK)


def daily(text: str) -> range:
    """Read "01:00-02:00" as minutes since midnight; the end may lie in the next day.

    Raises `ValueError`, also for less than an hour (ElastiCache API reference, SnapshotWindow).
    """
    found = _DAILY.fullmatch(text)
    if found is None:
        raise ValueError('is not of the form "hh:mm-hh:mm", in UTC')
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    return _window(start_hour * 60 + start_minute, end_hour * 60 + end_minute, _DAY)


def overlap(maintenance: range, snapshot: range) -> bool:
    """Tell whether the daily window meets the weekly one on any day."""
    weekly_minutes = {minute % _WEEK for minute in maintenance}
    return any((day * _DAY + minute) % _WEEK in weekly_minutes for day in range(7) for minute in snapshot)


def free_hour(maintenance: str) -> str | None:
    """Return an hour of every day outside a weekly window: 01:00-02:00, or the next. None where there is none."""
    taken = weekly(maintenance)
    for offset in range(0, _DAY, _STEP):
        start = (SHORTEST_MINUTES + offset) % _DAY
        if not overlap(taken, range(start, start + SHORTEST_MINUTES)):
            return f"{_clock(start)}-{_clock(start + SHORTEST_MINUTES)}"
    return None


def _clock(minute: int) -> str:
    return "{:02}:{:02}".format(*divmod(minute % _DAY, 60))


def _window(start: int, end: int, length: int) -> range:
    window = range(start, end if end > start else end + length)
    if len(window) < SHORTEST_MINUTES:
        raise ValueError("is shorter than an hour")
    return window
