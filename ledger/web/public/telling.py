"""Days, times, amounts and minutes as residents read them: 今天 14:00, 10月8日 周六 14:00, 86, +12, −30, 2小时.

Used by pages only: the language, the zone and the moment are those of the request.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from ledger.domain.cycle import last_day
from ledger.domain.points import PointScale
from ledger.phrases.moments import MONTHS
from ledger.web import gate
from ledger.web.language import language

WEEKDAYS: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
ENGLISH_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NEAR_DAYS: Final = 7
COMMA_FROM: Final = 10_000


def local(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(gate.book_settings().zone))


def today() -> date:
    return local(gate.now()).date()


def day(on: date, *, near: bool = False) -> str:
    """10月8日; the year is told when it is not this one. near: 今天, 明天, or with the weekday when within seven days."""
    away = (on - today()).days
    english = language() == "en"
    if near and away in (0, 1):
        return str(_("今天") if away == 0 else _("明天"))
    text = f"{on.day} {MONTHS[on.month - 1]}" if english else f"{on.month}月{on.day}日"
    if on.year != today().year:
        text = f"{text} {on.year}" if english else f"{on.year}年{text}"
    if near and abs(away) <= NEAR_DAYS:
        text += f", {ENGLISH_WEEKDAYS[on.weekday()]}" if english else f" {WEEKDAYS[on.weekday()]}"
    return text


def clock(at: datetime) -> str:
    return f"{local(at):%H:%M}"


def moment(at: datetime, *, near: bool = True) -> str:
    """今天 14:02 or 10月8日 14:02."""
    return f"{day(local(at).date(), near=near)} {clock(at)}"


def span(starts_at: datetime, ends_at: datetime) -> str:
    """今天 14:00—15:00; with both days when they differ."""
    if local(starts_at).date() == local(ends_at).date():
        return f"{moment(starts_at)}—{clock(ends_at)}"
    return f"{moment(starts_at)}—{moment(ends_at)}"


def end_of(ends_at: datetime) -> date:
    """The local day whose end this moment is."""
    return last_day(ends_at, gate.book_settings().zone)


def days(first: date, last: date) -> str:
    return f"{day(first)}—{day(last)}"


def days_left(ends_at: datetime) -> str:
    """还剩3天, the last day counted; empty when it is over."""
    left = (end_of(ends_at) - today()).days + 1
    return str(_("还剩%(n)s天", n=left)) if left > 0 else ""


def scale() -> PointScale:
    return gate.book_settings().scale


def points(steps: int) -> int | str:
    """An amount for a page: a whole number, or words where it has decimals or reaches ten thousand."""
    number = scale().number(steps)
    if isinstance(number, int):
        return number if abs(number) < COMMA_FROM else f"{number:,}".replace("-", "−")
    return scale().text(steps)


def signed(steps: int) -> str:
    """+12 or −30, with the real minus sign."""
    return ("+" if steps > 0 else "") + scale().text(steps)


def served(minutes: int) -> str:
    """2小时30分钟, or 2 h 30 min."""
    whole, rest = divmod(minutes, 60)
    hour, minute, between = (" h", " min", " ") if language() == "en" else ("小时", "分钟", "")
    return between.join([f"{whole}{hour}"] * bool(whole) + [f"{rest}{minute}"] * bool(rest or not whole))


def hours(minutes: int) -> str:
    """2:30, as a column of a table."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def quarter(name: str) -> str:
    """2022年第三季度 of 2022Q3."""
    year, number = name[:4], int(name[5])
    if language() == "en":
        return f"Q{number} {year}"
    return f"{year}年第{'一二三四'[number - 1]}季度"
