"""Times and waits as people read them: 14:02, 10月8日14:02, 15分钟."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")


def moment(text: str, zone: str, now: datetime | None, chinese: bool) -> str:
    """An ISO 8601 time in the district's zone; the time alone when it falls on the day of `now`. Other text stays as it is."""
    try:
        local = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    except ValueError:
        return text
    clock = f"{local:%H:%M}"
    if now is not None and now.astimezone(ZoneInfo(zone)).date() == local.date():
        return clock
    return day(local.date().isoformat(), chinese) + clock if chinese else f"{clock} on {day(local.date().isoformat(), chinese)}"


def day(text: str, chinese: bool) -> str:
    """A date as 10月8日 or 8 October. Other text stays as it is."""
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{on.month}月{on.day}日" if chinese else f"{on.day} {MONTHS[on.month - 1]}"


def wait(seconds: int, chinese: bool) -> str:
    """Seconds to wait, in whole minutes from one minute on."""
    if seconds < 60:
        return f"{max(seconds, 1)}秒" if chinese else f"{max(seconds, 1)} seconds"
    minutes = -(-seconds // 60)
    return f"{minutes}分钟" if chinese else f"{minutes} minute{'s' if minutes != 1 else ''}"
