"""Which column is which: found by its Chinese header, in any order, under title rows, with spaces and line breaks inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.normal import word_of
from ledger.paperwork.tables import Table

_HEADER_ROWS = 30
_BRACKETS = re.compile(r"\(([^()]*)\)$")
_SEQUENCE = {"序号", "编号", "行号", "no", "no."}


@dataclass(frozen=True, slots=True)
class Column:
    """A column we read.

    Attributes:
        field: the attribute of the row it fills.
        titles: headers that name it, the usual one first; when several stand in one sheet, the earlier title wins, then the left column.
        needed: a sheet without it is not of this kind.
        amount: holds a quantity: a merged cell is then not spread over its rows, for it could mean each or all together.
        other_units: what must not stand in brackets after a title: 单价(分) read as yuan would be wrong by a hundred.
        pattern: matches headers no list can hold, such as 截至2022年6月30日结余积分.
    """

    field: str
    titles: tuple[str, ...]
    needed: bool = False
    amount: bool = False
    other_units: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None

    def rank(self, title: str) -> int | None:
        """How well a normalised header names this column: 0 is best, None is not at all."""
        if title in self.titles:
            return self.titles.index(title)
        return len(self.titles) if self.pattern and self.pattern.fullmatch(title) else None


@dataclass(frozen=True, slots=True)
class Kind:
    """What a sheet of one kind looks like: its columns, and headers that show it to be of another kind."""

    columns: tuple[Column, ...]
    foreign: frozenset[str] = frozenset()

    @property
    def needed(self) -> tuple[Column, ...]:
        return tuple(c for c in self.columns if c.needed)


@dataclass(frozen=True, slots=True)
class SheetRead:
    """How a sheet was understood.

    Attributes:
        name: of the sheet; "" for CSV.
        header_row: its number as Excel shows it.
        columns: field -> header as found; order: field -> position of the column from 0.
        ignored: headers we do not read, 序号 not counted.
        read: data rows found.
    """

    name: str
    header_row: int
    columns: Mapping[str, str]
    order: Mapping[str, int]
    ignored: tuple[str, ...]
    titles: Mapping[str, str] = field(repr=False)
    read: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header of a table lies (its index in Table.rows) and what each column is."""

    index: int
    sheet: SheetRead


def title_of(value: object) -> str:
    """A header in the form titles are compared in: no spaces, line breaks, stars or colons, half-width, lower-case Latin."""
    return word_of(value).strip("*:").lower()


def find_header(table: Table, kind: Kind) -> Header | tuple[str, ...]:
    """The row among the first thirty that names most of the kind's columns, all needed ones among them.

    Returns: the header; or, when no row is one, the usual titles of the needed columns missing from the nearest row.
    """
    best: Header | None = None
    missing = tuple(c.titles[0] for c in kind.needed)
    for index, cells in enumerate(_with_vertical_merges(table)):
        titles = [title_of(cell) for cell in cells]
        order = _match(titles, kind.columns)
        lacking = tuple(c.titles[0] for c in kind.needed if c.field not in order)
        if lacking:
            missing = min(missing, lacking, key=len)
        elif not kind.foreign.intersection(titles) and (best is None or len(order) > len(best.sheet.order)):
            best = Header(index, _sheet(table, index, cells, order, kind))
    return best or missing


def find_sheets(tables: Iterable[Table], kind: Kind, *, optional: bool = False) -> list[tuple[Table, Header]]:
    """The sheets of a kind, each with its header; sheets of other kinds are passed over.

    Raises: UnreadableFile("missing_columns:…") when there is none and `optional` is not said; the columns named are those the nearest
        sheet lacks. UnreadableFile("empty") when no sheet has a filled cell.
    """
    found, missing = [], tuple(c.titles[0] for c in kind.needed)
    filled = [table for table in tables if any(any(cell != "" for cell in row) for row in table.rows)]
    if not filled:
        raise UnreadableFile("empty")
    for table in filled:
        header = find_header(table, kind)
        if isinstance(header, Header):
            found.append((table, header))
        else:
            missing = min(missing, header, key=len)
    if not found and not optional:
        raise UnreadableFile(f"missing_columns:{','.join(missing)}")
    return found


def _match(titles: Sequence[str], columns: Sequence[Column]) -> dict[str, int]:
    """field -> position. A position is given to one column only, so 单位 is not both the unit and the work unit."""
    ranked = [
        (rank, position, n)
        for position, title in enumerate(titles)
        if title
        for n, column in enumerate(columns)
        if (rank := _rank(column, title)) is not None
    ]
    order: dict[str, int] = {}
    taken: set[int] = set()
    for _, position, n in sorted(ranked):
        if columns[n].field not in order and position not in taken:
            order[columns[n].field] = position
            taken.add(position)
    return order


def _rank(column: Column, title: str) -> int | None:
    rank = column.rank(title)
    if rank is None and (bracket := _BRACKETS.search(title)) and bracket[1] not in column.other_units:
        rank = column.rank(title[: bracket.start()])
    return rank


def _with_vertical_merges(table: Table) -> list[list[object]]:
    """The first rows with merged cells filled downwards: in a header of two rows 姓名 is merged over both, 镇街 stands in the lower."""
    rows = [list(row) for row in table.rows[:_HEADER_ROWS]]
    for top, left, bottom, _ in table.merged:
        if bottom > top and top < len(rows) and left < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                if left < len(row) and row[left] == "":
                    row[left] = rows[top][left]
    return rows


def _sheet(table: Table, index: int, cells: Sequence[object], order: dict[str, int], kind: Kind) -> SheetRead:
    found = {position: " ".join(str(cell).split()) for position, cell in enumerate(cells)}
    ignored = tuple(
        header for position, header in found.items() if header and position not in order.values() and title_of(header) not in _SEQUENCE
    )
    return SheetRead(
        name=table.sheet,
        header_row=table.numbers[index],
        columns={name: found[position] for name, position in order.items()},
        order=order,
        ignored=ignored,
        titles={c.field: c.titles[0] for c in kind.columns},
    )
