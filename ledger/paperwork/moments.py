"""Dates and times of day as offices write them: date cells, serial numbers, 2022.7.3, 2022年7月3日 下午2:30, 17:00-19:00, 24:00.

All times are the district's wall clock, without a zone: the zone belongs to the book, not to the sheet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from ledger.paperwork.normal import narrow, written

DAY = timedelta(days=1)
_SERIAL_ZERO = date(1899, 12, 30)  # Excel's day 0, two days early because Excel believes in 29 February 1900
_SERIALS = range(20_000, 80_000)  # 1954 to 2119: any other number in a date column is a mistake, not a date
_YEARS = range(1900, 2101)

_DATE = (
    r"(?:(?P<y>[0-9]{4})\s*[年./-]\s*(?P<m>[0-9]{1,2})\s*[月./-]\s*(?P<d>[0-9]{1,2})\s*[日号]?"
    r"|(?P<y8>[0-9]{4})(?P<m8>[0-9]{2})(?P<d8>[0-9]{2}))"
)
_WEEKDAY = r"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?"
_TIME = (
    r"(?P<half{n}>上午|下午|早上|早晨|凌晨|中午|晚上|傍晚|晚|AM|PM)?\s*(?P<h{n}>[0-9]{{1,2}})\s*"
    r"(?::\s*(?P<i{n}>[0-9]{{1,2}})(?::(?P<s{n}>[0-9]{{1,2}})(?:\.0+)?)?|[时点](?:(?P<j{n}>[0-9]{{1,2}})分?|(?P<half_past{n}>半)|整)?)\s*(?P<after{n}>AM|PM)?"
)
_MOMENT = re.compile(
    rf"(?:{_DATE}{_WEEKDAY})?(?:(?:^|[\sT]+|(?<=[日号)]))\s*{_TIME.format(n=1)}(?:\s*(?:-+|~|至|到)\s*{_TIME.format(n=2)})?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a cell says about when. `clock` and `until` are counted from midnight, 24 hours at most; None = not said."""

    day: date | None
    clock: timedelta | None = None
    until: timedelta | None = None


def moment_of(value: object) -> Moment | None:
    """Read a date, a time of day, both, or a span of times; None when the cell says none of these."""
    if isinstance(value, bool):
        return None
    if isinstance(value, datetime):
        if value.year not in _YEARS:
            return None
        value = value + timedelta(milliseconds=500)  # a serial number is a float: 16:54 may come as 16:53:59.999
        return Moment(value.date(), _since_midnight(value.time()))
    if isinstance(value, date):
        return Moment(value) if value.year in _YEARS else None
    if isinstance(value, time):
        return Moment(None, _since_midnight(value))
    if isinstance(value, timedelta):
        return Moment(None, value) if timedelta(0) <= value <= DAY else None
    if isinstance(value, int | float):
        return _counted(float(value))
    return _spelled(narrow(written(value)))


def time_on(clock: timedelta) -> time:
    """The wall-clock time of a count from midnight; 24:00 is 00:00, of the day after."""
    return (datetime.combine(_SERIAL_ZERO, time()) + clock).time()


def _counted(number: float) -> Moment | None:
    """A number in a date column: a share of a day, Excel's count of days, or 20220703."""
    if 0 < number <= 1:
        return Moment(None, timedelta(seconds=round(number * 86_400)))
    if _SERIALS.start <= number < _SERIALS.stop:
        days, seconds = divmod(round(number * 86_400), 86_400)
        return Moment(_SERIAL_ZERO + timedelta(days=days), timedelta(seconds=seconds) if number % 1 else None)
    return _spelled(str(int(number))) if 19_000_000 < number < 21_010_000 and number.is_integer() else None


def _spelled(text: str) -> Moment | None:
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]{1,15})?", text):
        return _counted(float(text))
    if not text or not (match := _MOMENT.fullmatch(text)):
        return None
    part = match.groupdict()
    try:
        day = _day(part)
        clock, until = _clock(part, "1"), _clock(part, "2")
    except ValueError:  # the 31st of June, 25:00
        return None
    return Moment(day, clock, until) if day or clock is not None else None


def _day(part: dict[str, str | None]) -> date | None:
    year, month, day = (part["y"] or part["y8"], part["m"] or part["m8"], part["d"] or part["d8"])
    if not (year and month and day):
        return None
    if int(year) not in _YEARS:
        raise ValueError(year)
    return date(int(year), int(month), int(day))


def _clock(part: dict[str, str | None], n: str) -> timedelta | None:
    if part["h" + n] is None:
        return None
    hour, minute, second = int(part["h" + n] or 0), int(part["i" + n] or part["j" + n] or 0), int(part["s" + n] or 0)
    if part["half_past" + n]:
        minute = 30
    half = (part["half" + n] or part["after" + n] or "").upper()
    if hour < {"下午": 12, "晚上": 12, "傍晚": 12, "晚": 12, "PM": 12, "中午": 3}.get(half, 0):  # 中午1点 is 13:00, 中午11点 is 11:00
        hour += 12
    elif half in {"凌晨", "AM"} and hour == 12:
        hour = 0
    if (hour, minute, second) == (24, 0, 0):
        return DAY
    return _since_midnight(time(hour, minute, second))


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
