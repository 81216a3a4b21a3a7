"""志愿者花名册: who volunteers where."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.normal import code_of
from ledger.paperwork.tables import read_tables

_PEOPLE = Kind(
    columns=(
        Column("name", titles.NAME, needed=True),
        Column("gender", ("性别",)),
        Column("id_number", ("身份证号", "身份证号码", "身份证", "居民身份证号", "居民身份证号码", "公民身份号码", "证件号码", "证件号")),
        Column("phones", titles.PHONE, needed=True),
        Column("town", titles.TOWN),
        Column("community", titles.COMMUNITY, needed=True),
        Column("grid", titles.GRID),
        Column("micro_grid", titles.MICRO_GRID),
        Column("political_class", ("政治面貌", "面貌", "政治身份")),
        Column("work_unit", ("工作单位", "单位", "所在单位", "工作单位及职务", "单位名称", "单位及职务")),
        Column("team", ("志愿队伍", "志愿服务队", "志愿服务队伍", "所属队伍", "所属志愿队伍", "所属服务队", "服务队", "队伍", "队伍名称")),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({*titles.ACTIVITY, "签到时间", "驿站名称"}),
)
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9X]|[0-9]{15}")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One volunteer. `phones` are 11-digit mobiles, () when there is none; `id_number` is for a keyed hash only and is never stored."""

    name: str
    gender: str
    id_number: str = field(repr=False)
    phones: tuple[str, ...] = field(repr=False)
    town: str
    community: str
    grid: str
    micro_grid: str
    political_class: str
    work_unit: str
    team: str
    remark: str


def read_people(path: Path) -> Reading[PersonRow]:
    """Read a roster.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _PEOPLE, _person)


def _person(cells: Cells) -> PersonRow:
    return PersonRow(
        name=cells.person("name"),
        gender=cells.word("gender").removesuffix("性"),
        id_number=_id_number(cells),
        phones=cells.phones("phones"),
        town=cells.word("town"),
        community=cells.word("community"),
        grid=cells.word("grid"),
        micro_grid=cells.word("micro_grid"),
        political_class=cells.word("political_class"),
        work_unit=cells.text("work_unit"),
        team=cells.word("team"),
        remark=cells.text("remark"),
    )


def _id_number(cells: Cells) -> str:
    """An ID-card number in its form, or "": a number cell has lost its last digits, and half a number identifies somebody else."""
    value = cells.raw("id_number")
    number = code_of(value) if isinstance(value, str) else ""
    return number if _ID_NUMBER.fullmatch(number) else ""
