"""签到表: who came to which activity, and when they signed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.tables import read_tables

_ATTENDANCE = Kind(
    columns=(
        Column("activity", titles.ACTIVITY, needed=True),
        Column("name", titles.NAME, needed=True),
        Column("phones", titles.PHONE, needed=True),
        Column("day", ("日期", "签到日期", "活动日期")),
        Column("in_at", ("签到时间", "签到", "到达时间", "到场时间", "签到时刻")),
        Column("out_at", ("签退时间", "签退", "离开时间", "离场时间", "签退时刻")),
        Column("remark", titles.REMARK),
    ),
)


@dataclass(frozen=True, slots=True)
class AttendanceRow:
    """One person at one activity. `phones` () means: known by name. Times are local; a bare time belongs to the activity's day."""

    activity: str
    name: str
    phones: tuple[str, ...] = field(repr=False)
    in_at: datetime | time | None
    out_at: datetime | time | None


def read_attendance(path: Path) -> Reading[AttendanceRow]:
    """Read the sheets of attendance. A row without 活动编号 is refused as unknown_activity; one without times is not refused.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _ATTENDANCE, _attendance)


def moment_on(value: datetime | time | None, day: date) -> datetime | None:
    """The local time of a signature, given the day of its activity."""
    return datetime.combine(day, value) if isinstance(value, time) else value


def _attendance(cells: Cells) -> AttendanceRow:
    moment = cells.moment("day")
    day = moment.day if moment else None
    return AttendanceRow(
        activity=cells.key("activity", "unknown_activity"),
        name=cells.person("name"),
        phones=cells.phones("phones"),
        in_at=cells.sign("in_at", day),
        out_at=cells.sign("out_at", day),
    )
