"""Sheets we hand out: .xlsx and CSV in which a telephone number stays text and no cell can become a formula."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import xlsxwriter

Value = str | int | Decimal | date | datetime | time | None

_GUARDED = ("=", "+", "-", "@", "\t", "\0", "\r")  # what makes a spreadsheet take a CSV cell for a formula
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NAME_LENGTH_MAX = 31
_TEXT_LENGTH_MAX = 32_767
_ROWS_MAX = 1_048_575  # one row is the header
_WIDTHS = (8, 48)  # columns in characters, narrowest and widest
_FORMATS = {"text": "@", "whole": "0", "money": "0.00", "date": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm", "clock": "hh:mm"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, its headers, and rows as long as the headers. Times are local and naive; a Decimal is written as a number."""

    name: str
    headers: Sequence[str]
    rows: Iterable[Sequence[Value]] = field(repr=False)


def write_xlsx(target: Path | BinaryIO, sheets: Sequence[Sheet]) -> None:
    """Write a workbook with a bold, frozen header on each sheet. Strings are always written as text, so 0533 keeps its 0 and =1+1 its =.

    Nothing touches the disk but the target itself: XlsxWriter's own temporary files would hold people's names.

    Raises: ValueError for what a sheet cannot hold (too many rows, a text over 32 767 characters, a row of another length than the header)
        and for no sheet at all; XlsxWriter alone would leave such cells out without a word.
    """
    if not sheets:
        raise ValueError("a workbook needs a sheet")
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(target) if isinstance(target, Path) else target, options)
    formats = {kind: book.add_format({"num_format": pattern}) for kind, pattern in _FORMATS.items()}
    formats["header"] = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
    for name, sheet in zip(_names(sheets), sheets, strict=True):
        _write_sheet(book.add_worksheet(name), sheet, formats)
    book.close()


def write_csv(stream: BinaryIO, headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write RFC 4180 CSV in UTF-8 with its mark (Excel takes it for GBK without), lines ending in CR LF.

    Text that a spreadsheet would take for a formula is preceded by an apostrophe; numbers are not text and stay.
    """
    stream.write(b"\xef\xbb\xbf")
    for line in csv_lines(headers, rows):
        stream.write(line.encode("utf-8"))


def csv_lines(headers: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """The lines of write_csv one by one, for an answer that is sent while it is made; the mark is not among them."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, dialect="excel", lineterminator="\r\n")
    for row in itertools.chain([headers], rows):
        writer.writerow([_guarded(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _guarded(cell: Value) -> str:
    if isinstance(cell, str):
        return "'" + cell if cell.startswith(_GUARDED) else cell
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, time):
        return cell.isoformat(timespec="minutes")
    return "" if cell is None else str(cell)


def _write_sheet(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    widths = [_width_of(header) for header in sheet.headers]
    page.write_row(0, 0, sheet.headers, formats["header"])
    page.freeze_panes(1, 0)
    for number, row in enumerate(sheet.rows, 1):
        if len(row) != len(sheet.headers) or number > _ROWS_MAX:
            raise ValueError(f"row {number} of a sheet does not fit")
        for position, value in enumerate(row):
            if value is None or value == "":
                continue
            _write_cell(page, number, position, value, formats)
            if number <= 200:
                widths[position] = max(widths[position], _width_of(value))
    for position, width in enumerate(widths):
        page.set_column(position, position, width)
    if sheet.headers:
        page.repeat_rows(0)
        page.fit_to_pages(1, 0)
        page.set_paper(9)  # A4


def _write_cell(page: Any, row: int, column: int, value: Value, formats: dict[str, Any]) -> None:
    if isinstance(value, str):
        if len(value) > _TEXT_LENGTH_MAX:
            raise ValueError("a text is too long for a cell")
        page.write_string(row, column, value, formats["text"])
    elif isinstance(value, datetime):
        page.write_datetime(row, column, value, formats["moment"])
    elif isinstance(value, date):
        page.write_datetime(row, column, value, formats["date"])
    elif isinstance(value, time):
        page.write_datetime(row, column, value, formats["clock"])
    elif isinstance(value, Decimal):
        page.write_number(row, column, value, formats["money" if value != value.to_integral_value() else "whole"])
    else:
        page.write_number(row, column, value, formats["whole"])


def _width_of(value: Value) -> int:
    """Width in characters; a Chinese one takes two."""
    text = _guarded(value)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text[:100])
    return min(max(len(text) + wide + 2, _WIDTHS[0]), _WIDTHS[1])


def _names(sheets: Sequence[Sheet]) -> list[str]:
    """Sheet names that Excel accepts: without its forbidden signs, at most 31 characters, none twice."""
    names: list[str] = []
    for sheet in sheets:
        name = _NOT_IN_A_NAME.sub(" ", sheet.name).strip(" '")[:_NAME_LENGTH_MAX] or "表"
        number = 2
        plain = name
        while name.lower() in (taken.lower() for taken in names):
            name = f"{plain[: _NAME_LENGTH_MAX - 4]}({number})"
            number += 1
        names.append(name)
    return names
