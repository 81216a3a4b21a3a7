"""What is wrong with a row, and in which column."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.paperwork.columns import SheetRead


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Problems sort by where they stand in the file.

    Attributes:
        index: position of the column from 0.
        column: its header as found.
        code: one of CONTRACT §5. Never the content of the cell: it may be a telephone number.
    """

    index: int
    column: str
    code: str


def problem_in(sheet: SheetRead, name: str, code: str) -> Problem:
    """A problem in the column of the field `name`; a column the sheet lacks stands after all others, under its usual title."""
    if name in sheet.order:
        return Problem(sheet.order[name], sheet.columns[name], code)
    return Problem(len(sheet.order) + len(sheet.ignored) + 1000, sheet.titles[name], code)
