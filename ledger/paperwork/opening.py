"""期初积分: the points people bring with them from the books before this one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind, title_of
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.moments import moment_of
from ledger.paperwork.tables import read_tables

_AS_OF = re.compile(r"截[至止]([0-9年月日号./-]{8,11})")
_OPENING = Kind(
    columns=(
        Column("name", titles.NAME, needed=True),
        Column("phones", titles.PHONE, needed=True),
        Column(
            "points",
            ("结余积分", "剩余积分", "积分结余", "积分余额", "可用积分", "期初积分", "现有积分", "当前积分", "积分"),
            needed=True,
            amount=True,
            # 累计 and 已兑换 are other numbers than what is left.
            pattern=re.compile(r"截[至止](?!.*(?:累计|已|兑换)).*(?:积分|结余|余额|剩余).*"),
        ),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({*titles.ACTIVITY, *titles.SKU[:-2]}),
)


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """What one person brings; 0 is a number too. `phones` () means: known by name."""

    name: str
    phones: tuple[str, ...] = field(repr=False)
    points: Decimal


def read_opening(path: Path) -> Reading[OpeningRow]:
    """Read a list of opening points.

    Raises: UnreadableFile.
    """
    return read_lines(read_tables(path), _OPENING, _opening)


def stated_as_of(reading: Reading[OpeningRow]) -> date | None:
    """The date a header states (截至2022年6月30日结余积分), to hold against the one the importer was told; None when none is stated."""
    for sheet in reading.sheets:
        found = _AS_OF.search(title_of(sheet.columns["points"]))
        moment = moment_of(found[1]) if found else None
        if moment and moment.day:
            return moment.day
    return None


def _opening(cells: Cells) -> OpeningRow:
    return OpeningRow(cells.person("name"), cells.phones("phones"), cells.points("points"))
