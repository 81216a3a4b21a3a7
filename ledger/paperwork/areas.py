"""网格架构: towns, communities, grids and micro-grids, and who looks after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.tables import read_tables

_AREAS = Kind(
    columns=(
        Column("town", titles.TOWN, needed=True),
        Column("community", titles.COMMUNITY, needed=True),
        Column("grid", titles.GRID),
        Column("micro_grid", titles.MICRO_GRID),
        Column("contact_name", ("网格长", "微网格长", "网格员", "微网格员", "负责人", "网格负责人", "联系人", "楼长", "姓名")),
        Column("contact_phone", (*titles.PHONE, "网格长电话", "网格长联系电话", "微网格长电话", "网格员电话", "负责人电话", "联系人电话")),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({"身份证号", "驿站编号", "驿站名称", "活动编号", "物资编码"}),
)
_LEVELS = ("town", "community", "grid", "micro_grid")


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area; levels are empty from the right: a row for a community has neither grid nor micro_grid. A landline may be its phone."""

    town: str
    community: str
    grid: str
    micro_grid: str
    contact_name: str
    contact_phone: str = field(repr=False)


def read_areas(path: Path) -> Reading[AreaRow]:
    """Read a file of areas. A level left empty above one that is filled is refused as unknown_area.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _AREAS, _area)


def _area(cells: Cells) -> AreaRow:
    levels = [cells.word(level) for level in _LEVELS]
    # A district without grids between communities and micro-grids leaves that column out, which is no gap.
    present = [(level, word) for level, word in zip(_LEVELS, levels, strict=True) if cells.has(level)]
    filled = [n for n, (_, word) in enumerate(present) if word]
    gap = next((level for n, (level, word) in enumerate(present) if not word and n < max(filled, default=1)), None)
    if gap:
        cells.refuse(gap, "unknown_area")
    town, community, grid, micro_grid = levels
    return AreaRow(town, community, grid, micro_grid, cells.person("contact_name", needed=False), cells.contact_phone("contact_phone"))
