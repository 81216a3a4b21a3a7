"""One .xlsx file into sheets of cells: the archive is checked and copied part by part, and only the copy meets the parser."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from python_calamine import CalamineWorkbook

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.archive import checked_copy
from ledger.paperwork.limits import CELLS_MAX, COLUMNS_MAX, ROWS_MAX, SHEETS_MAX

_KEPT_MERGES = 100_000


@dataclass(frozen=True, slots=True)
class GridSheet:
    """A sheet from A1 on; merged ranges as (first row, first column, last row, last column), counted from 0, both ends inside."""

    name: str
    rows: list[list[object]] = field(repr=False)
    merged: tuple[tuple[int, int, int, int], ...]


def parse_workbook(data: bytes) -> list[GridSheet]:
    """Read all worksheets of an .xlsx file, in workbook order, hidden ones too: a hidden column or sheet is still what the office sent.

    Raises: UnreadableFile for anything that is not such a file or is larger than the limits allow.
    """
    copy = checked_copy(data)
    with _as_refusal():
        workbook = CalamineWorkbook.from_filelike(copy)
        names = list(workbook.sheet_names)
    if len(names) > SHEETS_MAX:
        raise UnreadableFile("too_many_sheets")
    sheets, cells = [], 0
    for index, name in enumerate(names):
        with _as_refusal():
            sheet = workbook.get_sheet_by_index(index)
            height, width = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
            _within_limits(height, width, cells := cells + height * width)
            rows: list[list[object]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
            merged = tuple((r, c, r2, c2) for (r, c), (r2, c2) in (sheet.merged_cell_ranges or [])[:_KEPT_MERGES])
        sheets.append(GridSheet(name, rows, merged))
    return sheets


def _within_limits(height: int, width: int, cells: int) -> None:
    if height > ROWS_MAX or cells > CELLS_MAX:
        raise UnreadableFile("too_many_rows")
    if width > COLUMNS_MAX:
        raise UnreadableFile("too_many_columns")


@contextlib.contextmanager
def _as_refusal() -> Iterator[None]:
    """Whatever the parser says about a file it cannot read, it is the file's fault; a panic of its Rust code is no Exception."""
    try:
        yield
    except UnreadableFile:
        raise
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except MemoryError as error:
        raise UnreadableFile("too_large") from error
    except BaseException as error:  # PanicException derives from BaseException and has no public name
        raise UnreadableFile("not_a_table") from error
