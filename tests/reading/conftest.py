"""Files as offices make them, written on the spot: hand-made workbooks and CSV in any encoding."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import pytest
import xlsxwriter

QUARTER = Path(__file__).parent.parent / "paperwork" / "quarter-2022q3"


@pytest.fixture(scope="session")
def quarter() -> Path:
    """A district's paperwork for the third quarter of 2022, as it was sent."""
    return QUARTER


@pytest.fixture
def csv_file(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str, encoding: str = "utf-8", name: str = "表.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def xlsx_file(tmp_path: Path) -> Callable[..., Path]:
    """write({sheet: rows}, merged={sheet: ["A1:C1", ...]}): dates and times become date cells; None leaves a cell out."""

    def write(sheets: dict[str, Sequence[Sequence[object]]], merged: dict[str, list[str]] | None = None, name: str = "表.xlsx") -> Path:
        path = tmp_path / name
        book = xlsxwriter.Workbook(str(path))
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            date: book.add_format({"num_format": 'yyyy"年"m"月"d"日"'}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        for sheet, rows in sheets.items():
            page = book.add_worksheet(sheet)
            for r, row in enumerate(rows):
                for c, value in enumerate(row):
                    if type(value) in formats:
                        page.write_datetime(r, c, value, formats[type(value)])
                    elif isinstance(value, str):
                        page.write_string(r, c, value)
                    elif value is not None:
                        page.write(r, c, value)
            for area in (merged or {}).get(sheet, []):
                first = page.table[int(area.split(":")[0][1:]) - 1].get(ord(area[0]) - 65)
                page.merge_range(area, "")
                top = area.split(":")[0]
                if first is not None:
                    page.write(top, rows[int(top[1:]) - 1][ord(top[0]) - 65])
        book.close()
        return path

    return write


@pytest.fixture
def repacked(tmp_path: Path) -> Callable[..., Path]:
    """repacked(path, {"xl/worksheets/sheet1.xml": change}): the same archive with parts changed by functions of bytes."""

    def repack(path: Path, changes: dict[str, Callable[[bytes], bytes]], more: dict[str, bytes] | None = None) -> Path:
        target = tmp_path / "changed.xlsx"
        buffer = io.BytesIO()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                data = old.read(name)
                new.writestr(name, changes[name](data) if name in changes else data)
            for name, data in (more or {}).items():
                new.writestr(name, data)
        target.write_bytes(buffer.getvalue())
        return target

    return repack
