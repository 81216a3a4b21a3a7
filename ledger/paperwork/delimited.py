"""CSV as it really arrives: UTF-8 with or without its mark, GBK, GB18030, Excel's UTF-16; with commas, tabs or semicolons."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.limits import CELLS_MAX, COLUMNS_MAX, ROWS_MAX

_DELIMITERS = ",\t;"
_TRIED_RECORDS = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def parse_delimited(data: bytes) -> tuple[list[list[object]], list[int]]:
    """Split a CSV file into records of text.

    Returns: the records, and for each the line on which it begins, counted from 1.
    Raises: UnreadableFile: not_a_table, broken_quotes (an open quote would swallow the rest of the file), too_many_rows, too_many_columns.
    """
    text = _decoded(data)
    delimiter = _delimiter_of(text)
    rows: list[list[object]] = []
    numbers: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells = begins = 0
    while True:
        begins = reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise UnreadableFile("broken_quotes") from error
        if record is None:
            return rows, numbers
        cells += len(record)
        if len(rows) >= ROWS_MAX or cells > CELLS_MAX:
            raise UnreadableFile("too_many_rows")
        if len(record) > COLUMNS_MAX:
            raise UnreadableFile("too_many_columns")
        rows.append(list(record))
        numbers.append(begins)


def _decoded(data: bytes) -> str:
    """Text of a file that names no encoding. UTF-8 first: Chinese in GBK is almost never valid UTF-8; GB18030 holds all of GBK."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        tried = ["utf-16"]
    else:
        tried = ["utf-8-sig", "gb18030"]
    for encoding in tried:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text):
            break
        return text
    raise UnreadableFile("not_a_table")


def _delimiter_of(text: str) -> str:
    """The sign that splits the first records into most cells; a comma inside an address does not outdo a tab in every line."""

    def cells(delimiter: str) -> int:
        lines = io.StringIO(text, newline="")
        reader = csv.reader(lines, delimiter=delimiter)
        try:
            return sum(len(record) - 1 for record in itertools.islice(reader, _TRIED_RECORDS))
        except csv.Error:
            return -1

    return max(_DELIMITERS, key=cells)
