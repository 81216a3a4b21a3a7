"""红色驿站: where goods are handed over, and who minds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.tables import read_tables

_STATIONS = Kind(
    columns=(
        Column("code", (*titles.STATION, "编号", "编码"), needed=True),
        Column("name", ("驿站名称", "红色驿站名称", "站点名称", "驿站", "红色驿站", "名称"), needed=True),
        Column("town", titles.TOWN),
        Column("community", titles.COMMUNITY, needed=True),
        Column("grid", titles.GRID),
        Column("micro_grid", titles.MICRO_GRID),
        Column("address", ("地址", "详细地址", "驿站地址", "具体地址", "地点", "位置")),
        Column("longitude", ("经度", "lng", "longitude"), amount=True),
        Column("latitude", ("纬度", "lat", "latitude"), amount=True),
        Column("hours", ("开放时间", "开放时段", "服务时间", "营业时间", "值班时间")),
        Column("contact_name", ("负责人", "驿站负责人", "站长", "驿站长", "联系人", "管理员", "姓名")),
        Column("contact_phone", (*titles.PHONE, "负责人电话", "负责人联系电话", "站长电话", "联系人电话")),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({*titles.SKU[:-2], *titles.ACTIVITY}),
)


@dataclass(frozen=True, slots=True)
class StationRow:
    """One station; degrees exactly as written, None when not given. A landline may be its phone."""

    code: str
    name: str
    community: str
    address: str
    longitude: Decimal | None
    latitude: Decimal | None
    hours: str
    contact_name: str
    contact_phone: str = field(repr=False)
    town: str = ""
    grid: str = ""
    micro_grid: str = ""


def read_stations(path: Path) -> Reading[StationRow]:
    """Read a file of stations. One without its number is refused as unknown_station.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _STATIONS, _station)


def _station(cells: Cells) -> StationRow:
    return StationRow(
        code=cells.key("code", "unknown_station"),
        name=cells.title("name"),
        community=cells.word("community"),
        address=cells.text("address"),
        longitude=cells.degrees("longitude"),
        latitude=cells.degrees("latitude"),
        hours=cells.text("hours"),
        contact_name=cells.person("contact_name", needed=False),
        contact_phone=cells.contact_phone("contact_phone"),
        town=cells.word("town"),
        grid=cells.word("grid"),
        micro_grid=cells.word("micro_grid"),
    )
