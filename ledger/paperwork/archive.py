"""The zip around an .xlsx file, treated as hostile: sizes, names, and how far the cells reach are known before a parser sees a byte.

Every part the parser will see is unpacked by us once, measured, and packed again. So a header that lies about sizes, a second directory
hidden in the file, an entity bomb or a cell in the last corner of a sheet ends here, in bounded memory.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.parsers import expat

from ledger.domain.errors import UnreadableFile
from ledger.paperwork.limits import (
    ARCHIVE_PARTS_MAX,
    CELLS_MAX,
    COLUMNS_MAX,
    ROWS_MAX,
    UNPACK_RATIO_FREE_BYTES,
    UNPACK_RATIO_MAX,
    UNPACKED_BYTES_MAX,
)

_CHUNK = 256 * 1024
# Pictures, macros, printer settings and the like are left behind: a table needs none of them.
_NEEDED = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/(?:[\w .-]+/)*[\w .\[\]-]+\.(?:xml|rels)", re.IGNORECASE)
_NOT_NEEDED = re.compile(r"xl/(?:drawings|charts|media|theme|comments|pivot\w*|externalLinks|customXml|embeddings)/", re.IGNORECASE)
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def checked_copy(data: bytes) -> io.BytesIO:
    """A fresh archive with the parts of an .xlsx file that hold its table, each one unpacked, measured and well-formed.

    Raises: UnreadableFile: too_large, zip_bomb, too_many_rows, too_many_columns, password_protected, not_a_table.
    """
    copy = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as fresh:
            parts = _parts_of(archive)
            extent = _Extent()
            for name, part in parts:
                _copy_part(archive, part, fresh, name, extent)
    except UnreadableFile:
        raise
    except Exception as error:  # zipfile, its packers and expat answer a hostile file with a dozen unrelated types
        raise UnreadableFile("not_a_table") from error
    copy.seek(0)
    return copy


def _parts_of(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """The needed parts by name, after a look at what the archive declares."""
    infos = archive.infolist()
    if len(infos) > ARCHIVE_PARTS_MAX or sum(info.file_size for info in infos) > UNPACKED_BYTES_MAX:
        raise UnreadableFile("zip_bomb")
    named: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if info.flag_bits & 0x1:
            raise UnreadableFile("password_protected")
        if info.file_size > UNPACK_RATIO_FREE_BYTES and info.file_size > UNPACK_RATIO_MAX * max(1, info.compress_size):
            raise UnreadableFile("zip_bomb")
        name = info.filename.replace("\\", "/")
        if ".." in name.split("/") or name.startswith("/") or name.lower() in named:
            raise UnreadableFile("not_a_table")
        named[name.lower()] = info
    if "xl/workbook.xml" not in named:
        raise UnreadableFile("not_a_table")
    return [
        (name, info)
        for info in named.values()
        if _NEEDED.fullmatch(name := info.filename.replace("\\", "/")) and not _NOT_NEEDED.match(name)
    ]


def _copy_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, fresh: zipfile.ZipFile, name: str, extent: _Extent) -> None:
    """Unpack one part in pieces, measure it, pack it again. zipfile stops at the declared size and checks the sum, so a lie is an error."""
    scan = extent.parser()
    with archive.open(part) as source, fresh.open(name, "w") as target:
        try:
            while chunk := source.read(_CHUNK):
                scan.Parse(chunk, False)
                target.write(chunk)
            scan.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableFile("not_a_table") from error


class _Extent:
    """Counts rows and columns that hold something, over all parts: formatted but empty cells cost the parser nothing."""

    def __init__(self) -> None:
        self._seen = 0
        self._forget_sheet()

    def parser(self) -> expat.XMLParserType:
        self._forget_sheet()
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._starts
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        return parser

    def _forget_sheet(self) -> None:
        self._row = self._column = self._bottom = self._right = 0

    def _refuse_doctype(self, *_: object) -> None:
        raise UnreadableFile("not_a_table")  # no office program writes one; entity bombs and external entities need one

    def _starts(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        if tag == "c":
            self._cell(attributes.get("r"))
        elif tag in ("v", "is", "f"):
            self._filled()
        elif tag == "row":
            row = attributes.get("r", "")
            self._row = int(row) if row.isascii() and row.isdigit() and len(row) < 8 else self._row + 1
            self._column = 0

    def _cell(self, reference: str | None) -> None:
        self._seen += 1
        if self._seen > 2 * CELLS_MAX:
            raise UnreadableFile("too_many_rows")
        if reference is None:
            self._column += 1
            return
        if not (match := _REFERENCE.fullmatch(reference)):
            raise UnreadableFile("not_a_table")
        self._row, self._column = int(match[2]), 0
        for letter in match[1].upper():
            self._column = self._column * 26 + ord(letter) - 64

    def _filled(self) -> None:
        self._bottom, self._right = max(self._bottom, self._row), max(self._right, self._column)
        if self._right > COLUMNS_MAX:
            raise UnreadableFile("too_many_columns")
        if self._bottom > ROWS_MAX or self._bottom * self._right > CELLS_MAX:  # the parser lays out the whole rectangle
            raise UnreadableFile("too_many_rows")
