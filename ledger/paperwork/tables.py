"""Any file an office brings, as plain grids of cells: what kind it is decides its content, never its name.

Limits are checked before anything is parsed, because one cell at XFD1048576 makes a reader ask for half a terabyte and die.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.delimited import parse_delimited
from ledger.paperwork.limits import FILE_BYTES_MAX
from ledger.paperwork.workbook import parse_workbook

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream an encrypted .xlsx hides in


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet.

    Attributes:
        sheet: its name; "" for a CSV file, which has no sheets.
        rows: cells of each row from column A, not all rows equally long: str, float, bool, date, datetime, time, timedelta; "" = empty.
        numbers: the number of each row as Excel shows it; for CSV the line on which the record begins.
        merged: merged ranges as (first row, first column, last row, last column), counted from 0, both ends inside.
    """

    sheet: str
    rows: list[list[object]] = field(repr=False)
    numbers: list[int] = field(repr=False)
    merged: tuple[tuple[int, int, int, int], ...] = ()


def read_tables(path: Path) -> list[Table]:
    """Read every sheet of an .xlsx file, or the one table of a CSV file.

    Raises: UnreadableFile with the reason: empty, too_large, zip_bomb, too_many_sheets, too_many_rows, too_many_columns, not_a_table,
        old_excel (BIFF .xls: its reader trusts sizes inside the file), password_protected, broken_quotes.
    """
    data = _bytes_of(path)
    if data.startswith(_ZIP):
        return [Table(s.name, s.rows, list(range(1, len(s.rows) + 1)), s.merged) for s in parse_workbook(data)]
    if data.startswith(_OLE):
        raise UnreadableFile("password_protected" if _ENCRYPTED in data else "old_excel")
    rows, numbers = parse_delimited(data)
    return [Table("", rows, numbers)]


def digest_of(path: Path) -> str:
    """SHA-256 of the file as 64 lower-case hex digits: what the ledger keeps of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > FILE_BYTES_MAX:
            raise UnreadableFile("too_large")
        data = file.read(FILE_BYTES_MAX + 1)  # a file may grow, and a pipe has no size
    if len(data) > FILE_BYTES_MAX:
        raise UnreadableFile("too_large")
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise UnreadableFile("empty")
    return data
