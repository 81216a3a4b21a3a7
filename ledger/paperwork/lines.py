"""From a sheet to its data rows: which rows are data, what each cell says, and what is wrong with it.

A row is data unless it is one of these, and what is left out is always one of these:
- blank, or filled only in columns nobody reads (序号 numbered in advance, 备注, a section heading in the first column);
- a total: one of its first two filled cells is 合计, 总计, 小计, 共计 or 累计, alone or followed by a colon, a bracket or a number;
- a note: its first filled cell is 填报人：, 审核：, 注：, 说明 and the like, and a needed column is empty or holds such a label too;
- the header once more, as printed on every page.
Anything else is counted as read, and if it makes no sense it is refused where people can see it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Header, Kind, SheetRead, find_sheets, title_of
from ledger.paperwork.limits import CELLS_MAX
from ledger.paperwork.normal import word_of
from ledger.paperwork.problem import Problem, problem_in
from ledger.paperwork.tables import Table

R = TypeVar("R")

_TOTAL = re.compile(r"(?:本页|本表|以上|全部)?(?:合计|总计|小计|共计|累计)(?:$|[:(]|数|[0-9]|人)")
_TOTAL_OF = re.compile(r".{1,12}(?:合计|总计|小计|共计)")  # 世博社区小计: believed only when a needed column is empty
_NOTE = re.compile(
    r"(?:填[报表制写]|制表|审[核批]|复核|经办|负责|联系|联络|主管|领导|分管|单位|盖章|签[字章名]|日期|备注|附?注|说明|注意|提示|要求|示例)"
    r"[^:]{0,8}(?::|\(|$)"
)
# Columns whose word alone does not make a row of data.
_ASIDES = frozenset({"remark"})


@dataclass(frozen=True, slots=True)
class Line(Generic[R]):
    """One data row.

    Attributes:
        number: the row as Excel shows it; for CSV the line on which the record begins.
        row: what it says, as far as it could be read. A field with a problem holds an empty value and must not be used. Rows know neither
            their number nor 序号, so that two equal rows are the same row sent twice.
        problems: what is wrong with the row by itself, in the order of its columns.
        heading: the sheet it comes from.
    """

    number: int
    row: R
    problems: tuple[Problem, ...]
    heading: SheetRead = field(repr=False)

    @property
    def sheet(self) -> str:
        return self.heading.name

    def problem(self, name: str, code: str) -> Problem:
        """A problem that only the book can see, such as unknown_area, placed in the column of the field `name`."""
        return problem_in(self.heading, name, code)

    def first(self, *more: Problem) -> Problem | None:
        """The first problem in column order, of the row's own and of those given; the one a refusal names."""
        return min((*self.problems, *more), default=None)


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """All data rows of all sheets of one kind, in the order of the file."""

    lines: list[Line[R]]
    sheets: tuple[SheetRead, ...]

    @property
    def read(self) -> int:
        return len(self.lines)


def read_lines(tables: Iterable[Table], kind: Kind, build: Callable[[Cells], R], *, optional: bool = False) -> Reading[R]:
    """Read every sheet of the kind with `build`, which takes a row's cells by field and gives the row.

    Raises: UnreadableFile("missing_columns:…") when no sheet is of the kind and `optional` is not said.
    """
    lines: list[Line[R]] = []
    sheets: list[SheetRead] = []
    for table, header in find_sheets(tables, kind, optional=optional):
        rows = list(_data_rows(table, header, kind))
        sheet = replace(header.sheet, read=len(rows))
        sheets.append(sheet)
        for number, values in rows:
            cells = Cells(sheet, values)
            row = build(cells)
            lines.append(Line(number, row, tuple(sorted(cells.problems)), sheet))
    return Reading(lines, tuple(sheets))


def _data_rows(table: Table, header: Header, kind: Kind) -> Iterator[tuple[int, dict[str, object]]]:
    """Row numbers and cells by field, merged cells filled downwards. What a row is, is decided by what stands in it before filling."""
    order = header.sheet.order
    spread = _spread(table, header, kind)
    telling = [position for name, position in order.items() if name not in _ASIDES]
    needed = [order[c.field] for c in kind.needed]
    titles = {position: title_of(header.sheet.columns[name]) for name, position in order.items()}
    for index in range(header.index + 1, len(table.rows)):
        cells = table.rows[index]
        if not any(p < len(cells) and not _is_blank(cells[p]) for p in telling):
            continue
        if _is_aside(cells, needed) or _is_header(cells, titles):
            continue
        values = {name: cells[p] if p < len(cells) else "" for name, p in order.items()}
        values.update({name: value for name, value in spread.get(index, {}).items() if _is_blank(values[name])})
        yield table.numbers[index], values


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_aside(cells: list[object], needed: list[int]) -> bool:
    """A total or a note."""
    filled = [word_of(cell) for cell in cells if not _is_blank(cell)][:2]
    if any(_TOTAL.match(word) for word in filled):
        return True
    if not (_NOTE.match(filled[0]) or any(_TOTAL_OF.fullmatch(word) for word in filled)):
        return False
    return any(p >= len(cells) or _is_blank(cells[p]) or _is_label(word_of(cells[p])) for p in needed)


def _is_label(word: str) -> bool:
    return ":" in word and _NOTE.match(word) is not None


def _is_header(cells: list[object], titles: dict[int, str]) -> bool:
    found = [p for p in titles if p < len(cells) and not _is_blank(cells[p])]
    return len(found) > 1 and all(title_of(cells[p]) == titles[p] for p in found)


def _spread(table: Table, header: Header, kind: Kind) -> dict[int, dict[str, object]]:
    """What merged cells say in the rows under their first: row index -> field -> value. Amounts are left out (see Column.amount)."""
    fields = {header.sheet.order[c.field]: c.field for c in kind.columns if c.field in header.sheet.order and not c.amount}
    spread: dict[int, dict[str, object]] = {}
    steps = 0
    for top, left, bottom, _ in table.merged:
        if left not in fields or top <= header.index or top >= len(table.rows) or left >= len(table.rows[top]):
            continue
        last = min(bottom, len(table.rows) - 1)
        steps += last - top
        if steps > CELLS_MAX:  # ranges that overlap by the thousand; no office program writes them
            raise UnreadableFile("not_a_table")
        for index in range(top + 1, last + 1):
            spread.setdefault(index, {})[fields[left]] = table.rows[top][left]
    return spread
