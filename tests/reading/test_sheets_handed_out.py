"""Sheets we hand out: telephone numbers stay text, and no cell becomes a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.paperwork import read_people
from ledger.paperwork.sheets import Sheet, write_csv, write_xlsx
from ledger.paperwork.tables import read_tables

FORMULAS = ["=1+1", "+86 138", "-5", "@sum", "\t=1", "\0=1", "\r=1", '=HYPERLINK("http://x","y")']


def csv_of(headers: list[str], rows: list[list[object]]) -> bytes:
    stream = io.BytesIO()
    write_csv(stream, headers, rows)
    return stream.getvalue()


def test_csv_has_its_mark_crlf_and_quotes() -> None:
    assert (
        csv_of(["姓名", "说明"], [["张三", '他说"好",行\n'], [None, 5]]) == '\ufeff姓名,说明\r\n张三,"他说""好"",行\n"\r\n,5\r\n'.encode()
    )


def test_csv_text_that_looks_like_a_formula_gets_an_apostrophe_and_numbers_do_not() -> None:
    rows = list(csv.reader(io.StringIO(csv_of(["a"], [[f] for f in FORMULAS]).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == ["'" + f for f in FORMULAS]
    assert csv_of(["=a", "b"], [[-5, Decimal("-2.5")]]) == "\ufeff'=a,b\r\n-5,-2.5\r\n".encode()


def test_csv_times() -> None:
    row = [date(2022, 7, 3), datetime(2022, 7, 3, 9, 5), time(9, 5)]
    assert csv_of(["a", "b", "c"], [row]).endswith(b"\r\n2022-07-03,2022-07-03 09:05,09:05\r\n")


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)))
def test_whatever_is_written_as_csv_comes_back_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    back = list(csv.reader(io.StringIO(csv_of(["a", "b"], rows).decode("utf-8-sig"), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in back[1:]] == [[cell.removeprefix("'") for cell in row] for row in rows]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\0", "\r")) for row in back for cell in row)


def test_a_workbook_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    people = [["张三", "13812345678", "世博社区", "0533"], ["李四", "+8613912345678", "尚文社区", "=1+1"]]
    numbers = [[Decimal("2.5"), 5, date(2022, 7, 3), datetime(2022, 7, 3, 9, 5), time(9, 5), None, "http://x"]]
    write_xlsx(path, [Sheet("花名册", ["姓名", "联系电话", "社区", "备注"], people), Sheet("数", list("abcdefg"), numbers)])
    roster, figures = read_tables(path)
    assert roster.rows[1:] == people
    assert figures.rows[1] == [2.5, 5.0, date(2022, 7, 3), datetime(2022, 7, 3, 9, 5), time(9, 5), "", "http://x"]
    assert [line.row.phones for line in read_people(path).lines] == [("13812345678",), ("13912345678",)]
    with zipfile.ZipFile(path) as archive:
        parts = b"".join(archive.read(name) for name in archive.namelist())
    assert b"<f>" not in parts and b"<hyperlink" not in parts


def test_a_workbook_goes_to_a_stream_and_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    stream = io.BytesIO()
    write_xlsx(stream, [Sheet("表", ["a"], [["b"]])])
    assert stream.getvalue().startswith(b"PK") and list(tmp_path.iterdir()) == []


def test_sheet_names_are_made_fit_for_excel(tmp_path: Path) -> None:
    path = tmp_path / "names.xlsx"
    names = ["一/二:三?", "", "同名", "同名", "长" * 40, "长" * 40, "'引'"]
    write_xlsx(path, [Sheet(name, ["a"], []) for name in names])
    assert [t.sheet for t in read_tables(path)] == ["一 二 三", "表", "同名", "同名(2)", "长" * 31, "长" * 27 + "(2)", "引"]


@pytest.mark.parametrize("rows", [[["a", "b"]], [[]], [["字" * 32_768]]])
def test_what_a_sheet_cannot_hold_is_an_error_and_not_a_gap(rows: list[list[str]]) -> None:
    with pytest.raises(ValueError):
        write_xlsx(io.BytesIO(), [Sheet("表", ["a"], rows)])
