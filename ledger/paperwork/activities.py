"""活动: what was held, where, when, and what taking part is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.moments import DAY, Moment, time_on
from ledger.paperwork.tables import read_tables

_ACTIVITIES = Kind(
    columns=(
        Column("code", (*titles.ACTIVITY, "编号", "编码"), needed=True),
        Column("name", ("活动名称", "活动主题", "活动内容", "主题", "名称", "活动"), needed=True),
        Column("kind", ("类型", "活动类型", "活动类别", "类别", "活动形式")),
        Column("town", titles.TOWN),
        Column("community", titles.COMMUNITY, needed=True),
        Column("starts_on", ("日期", "活动日期", "开展日期", "举办日期", "活动时间", "开展时间", "举办时间", "时间"), needed=True),
        Column("starts_at", ("开始时间", "活动开始时间", "起始时间", "开始")),
        Column("ends_at", ("结束时间", "活动结束时间", "终止时间", "结束")),
        Column("host", ("承办单位", "主办单位", "组织单位", "举办单位", "责任单位", "承办", "主办")),
        Column(
            "points",
            ("积分/次", "每次积分", "单次积分", "积分(次)", "每人次积分", "活动积分", "积分标准", "积分值", "积分"),
            needed=True,
            amount=True,
        ),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({*titles.NAME[:4], "签到时间"}),
)


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity in local wall-clock time. One that ends at 24:00, or earlier in the day than it starts, ends on the day after."""

    code: str
    name: str
    kind: str
    community: str
    starts_on: date
    starts_at: time | None
    ends_on: date
    ends_at: time | None
    host: str
    points: Decimal
    town: str = ""


def read_activities(path: Path) -> Reading[ActivityRow]:
    """Read the sheets of activities. One without its number is refused as unknown_activity, one without a date as bad_date.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _ACTIVITIES, _activity)


def _activity(cells: Cells) -> ActivityRow:
    starts_on, starts, ends = _times(cells)
    ends_on = starts_on
    if ends is not None and starts_on != date.min:
        if ends.day:
            ends_on = ends.day
        elif ends.clock == DAY or (starts is not None and ends.clock is not None and ends.clock < starts):
            ends_on += timedelta(days=1)
        if ends_on < starts_on:
            cells.refuse("ends_at", "bad_date")
    return ActivityRow(
        code=cells.key("code", "unknown_activity"),
        name=cells.title("name"),
        kind=cells.text("kind"),
        community=cells.word("community"),
        starts_on=starts_on,
        starts_at=None if starts is None else time_on(starts),
        ends_on=ends_on,
        ends_at=None if ends is None or ends.clock is None else time_on(ends.clock),
        host=cells.text("host"),
        points=cells.points("points"),
        town=cells.word("town"),
    )


def _times(cells: Cells) -> tuple[date, timedelta | None, Moment | None]:
    """The day, when it starts and when it ends, from three columns or from one that says 2022年9月9日 17:00-19:00."""
    on, at, until = cells.moment("starts_on"), cells.moment("starts_at"), cells.moment("ends_at")
    day = (on and on.day) or (at and at.day)
    if day is None and not any(p.code == "bad_date" for p in cells.problems):
        cells.refuse("starts_on", "bad_date")
    span = next((m for m in (at, on) if m is not None and m.clock is not None), None)
    starts = span.clock if span else None
    if until is None and span is not None and span.until is not None:
        until = Moment(None, span.until)
    return day or date.min, starts, until
