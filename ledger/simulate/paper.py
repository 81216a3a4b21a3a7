"""The sheets an office would send of an imagined district, so that it comes in by the importers and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from random import Random

from ledger.paperwork.sheets import Sheet, write_xlsx
from ledger.simulate.imagined import GOODS, KINDS, District, Person

AREAS = ("镇街", "社区", "网格", "微网格", "网格长", "联系电话")
PEOPLE = ("姓名", "性别", "联系电话", "镇街", "社区", "网格", "微网格", "政治面貌", "工作单位", "志愿队伍", "备注")
STATIONS = ("驿站编号", "驿站名称", "镇街", "社区", "地址", "经度", "纬度", "开放时间", "负责人", "联系电话")
GOODS_HEADER = ("物资编码", "物资名称", "单位", "所需积分", "采购单价(元)", "类别", "每人每季限兑")
STOCK = ("驿站编号", "物资编码", "数量")
OPENING = ("姓名", "联系电话", "结余积分")
ACTIVITIES = ("活动编号", "活动名称", "类型", "社区", "日期", "开始时间", "结束时间", "承办单位", "积分/次")
ATTENDANCE = ("活动编号", "姓名", "联系电话", "签到时间", "签退时间")
OPEN_HOURS = "08:30-11:30,14:00-18:00"


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity that has taken place: its code, what it was, where, and its hours on one local day."""

    code: str
    name: str
    kind: str
    community: str
    day: date
    starts: int  # hour
    ends: int  # hour
    points: int


def founding_sheets(folder: Path, district: District, die: Random, opened_share: float = 0.6) -> dict[str, Path]:
    """areas, people, stations, goods (with stock) and opening, each as a workbook in `folder`."""
    heads = {person.place: (person.name, person.phone) for person in reversed(district.people)}
    areas = [(p.town, p.community, p.grid, p.micro_grid, *heads.get(p, ("", ""))) for p in district.places]
    people = [
        (p.name, p.gender, p.phone, p.place.town, p.place.community, p.place.grid, p.place.micro_grid, p.political_class)
        + (p.work_unit, p.team, p.remark)
        for p in district.people
    ]
    stations = [
        (s.code, s.name, s.place.town, s.place.community, s.address, s.longitude, s.latitude, OPEN_HOURS, s.contact, s.phone)
        for s in district.stations
    ]
    goods = [tuple(str(value) for value in row) for row in GOODS]
    stock = [(s.code, row[0], str(die.randint(20, 80))) for s in district.stations for row in GOODS if die.random() < 0.75]
    opening = [(p.name, p.phone, str(die.randint(10, 120))) for p in district.people if die.random() < opened_share]
    sheets = {
        "areas": [Sheet("网格架构", AREAS, areas)],
        "people": [Sheet("花名册", PEOPLE, people)],
        "stations": [Sheet("红色驿站", STATIONS, stations)],
        "goods": [Sheet("兑换物资", GOODS_HEADER, goods), Sheet("驿站库存", STOCK, stock)],
        "opening": [Sheet("期初积分", OPENING, opening)],
    }
    return {name: _written(folder / f"{name}.xlsx", book) for name, book in sheets.items()}


def imagine_activities(district: District, days: Sequence[date], count: int, first: int, die: Random) -> list[Activity]:
    """`count` activities on the given days, numbered from `first`."""
    made = []
    for n in range(count):
        name, kind, points = die.choice(KINDS)
        community, day = district.communities[n % len(district.communities)], die.choice(days)
        starts = die.choice((8, 9, 14, 15, 17, 18))
        made.append(Activity(f"HD{day.year}-{first + n:04d}", community + name, kind, community, day, starts, starts + 2, points))
    return made


def activity_sheets(
    folder: Path, mark: str, district: District, activities: Sequence[Activity], count: int, die: Random
) -> tuple[Path, Path]:
    """The activities and `count` lines of sign-in, people mostly from the activity's own community, none twice at one."""
    rows = [
        (a.code, a.name, a.kind, a.community, a.day, f"{a.starts:02d}:00", f"{a.ends:02d}:00", a.community, str(a.points))
        for a in activities
    ]
    lines = [
        (activity.code, person.name, person.phone, _moment(activity.day, activity.starts, die.randint(0, 20)),
         _moment(activity.day, activity.ends, 0) if die.random() < 0.9 else "")
        for activity, person in _who_came(district, activities, count, die)
    ]  # fmt: skip
    return (
        _written(folder / f"activities-{mark}.xlsx", [Sheet("活动", ACTIVITIES, rows)]),
        _written(folder / f"attendance-{mark}.xlsx", [Sheet("签到表", ATTENDANCE, lines)]),
    )


def _who_came(district: District, activities: Sequence[Activity], count: int, die: Random) -> Iterator[tuple[Activity, Person]]:
    """(activity, person) pairs; nobody is at two activities of one day."""
    neighbours = {c: [p for p in district.people if p.place.community == c] for c in district.communities}
    seen: set[tuple[date, str]] = set()
    left = count
    for n, activity in enumerate(activities):
        wanted = left // (len(activities) - n)
        free = [p for p in neighbours[activity.community] if (activity.day, p.phone) not in seen]
        for person in die.sample(free, min(wanted, len(free))):
            seen.add((activity.day, person.phone))
            left -= 1
            yield activity, person


def _moment(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute))


def _written(path: Path, sheets: list[Sheet]) -> Path:
    write_xlsx(path, sheets)
    return path
