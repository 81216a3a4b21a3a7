"""Files that are broken, enormous, or made to hurt: one refusal for all of them, quickly and in little memory."""

from __future__ import annotations

import io
import random
import resource
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.domain.errors import UnreadableFile
from ledger.paperwork import read_areas, read_attendance, read_goods, read_people
from ledger.paperwork.tables import read_tables

SHEET = "xl/worksheets/sheet1.xml"
READERS = [read_areas, read_people, read_goods, read_attendance]


def reason(path: Path) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read_tables(path)
    return str(refused.value.facts["reason"])


def written(tmp_path: Path, data: bytes, name: str = "file.xlsx") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.fixture
def plain(xlsx_file) -> Path:
    return xlsx_file({"表": [["姓名", "联系电话", "社区"], ["张三", "13812345678", "世博社区"]]}, name="plain.xlsx")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b"\0" * 100, "empty"),
        (b"%PDF-1.7\n\x00\x01\x02", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "not_a_table"),
        (b"\xff\xfe\x00\xd8\x41\x00", "not_a_table"),
        (b"PK\x03\x04 and no more", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "password_protected"),
        ("姓名,电话\n".encode("gbk") + b"\xff\xff\n", "not_a_table"),
    ],
)
def test_content_decides_what_a_file_is(tmp_path: Path, data: bytes, why: str) -> None:
    assert reason(written(tmp_path, data)) == why


def test_the_name_of_a_file_does_not_matter(tmp_path: Path, plain: Path) -> None:
    assert read_people(written(tmp_path, plain.read_bytes(), "名单.csv")).read == 1
    assert read_people(written(tmp_path, "姓名,手机,社区\n张三,,世博\n".encode("gbk"), "名单.xlsx")).read == 1


def test_a_file_over_20_megabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as file:
        file.truncate(20 * 1024 * 1024 + 1)
    assert reason(path) == "too_large"


def bomb(size: int, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        with archive.open(SHEET, "w") as part:
            for _ in range(size // 1_000_000):
                part.write(b" " * 1_000_000)
    return buffer.getvalue()


def test_a_part_that_unpacks_a_hundredfold_is_refused_before_unpacking(tmp_path: Path) -> None:
    begun = time.process_time()
    path = written(tmp_path, bomb(150_000_000))
    begun = time.process_time()
    assert reason(path) == "zip_bomb"
    assert time.process_time() - begun < 0.2


def test_parts_of_more_than_200_megabytes_together_are_refused(tmp_path: Path) -> None:
    assert reason(written(tmp_path, bomb(210_000_000))) == "zip_bomb"


def test_a_part_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    data = bytearray(bomb(50_000_000))
    place = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)  # the directory's entry of the sheet
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    assert reason(written(tmp_path, bytes(data))) == "not_a_table"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda x: x.replace(b'r="A2"', b'r="XFD2"', 1), "too_many_columns"),
        (lambda x: x.replace(b'r="A2"', b'r="A1048576"', 1), "too_many_rows"),
        (lambda x: x.replace(b'r="A2"', b'r="ZZZZ1"', 1), "not_a_table"),
        (lambda x: x.replace(b'r="A2"', b'r="A99999999"', 1), "not_a_table"),
        (lambda x: x.replace(b"<row ", b'<x:row xmlns:x="y" r="200001"/><row ', 1), None),
        (lambda x: x.replace(b'<row r="2"', b'<row r="200001"').replace(b' r="A2"', b"").replace(b' r="B2"', b""), "too_many_rows"),
        (lambda x: x.replace(b'r="A2"', b'r="A190000"', 1).replace(b'r="B2"', b'r="CC190000"'), "too_many_rows"),
        (lambda x: x.replace(b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet', 1), "not_a_table"),
        (lambda x: x.replace(b"<worksheet", b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><worksheet', 1), "not_a_table"),
        (lambda x: x[:-30], "not_a_table"),
        (lambda x: x.replace(b'encoding="UTF-8"', b'encoding="klingon"'), "not_a_table"),
    ],
)
def test_sheets_that_reach_too_far_or_are_no_xml(plain: Path, repacked, change: Callable[[bytes], bytes], why: str | None) -> None:
    path = repacked(plain, {SHEET: change})
    if why is None:
        assert read_people(path).read == 1
    else:
        assert reason(path) == why


def test_a_hidden_second_sheet_part_cannot_pass_unmeasured(plain: Path, repacked) -> None:
    """The workbook may name any part as its sheet: what we did not measure is not in the copy the parser gets."""
    cells = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    far = b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>"
    path = repacked(
        plain,
        {"xl/_rels/workbook.xml.rels": lambda x: x.replace(b"worksheets/sheet1.xml", b"media/image1.png")},
        {"xl/media/image1.png": far},
    )
    assert reason(path) == "not_a_table"


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "xl\\..\\..\\x", "XL/Workbook.xml"])
def test_names_that_climb_or_repeat_are_refused(plain: Path, repacked, name: str) -> None:
    assert reason(repacked(plain, {}, {name: b"x"})) == "not_a_table"


def test_more_than_a_thousand_parts_are_refused(plain: Path, repacked) -> None:
    assert reason(repacked(plain, {}, {f"xl/media/{n}": b"" for n in range(1000)})) == "zip_bomb"


def test_fifty_sheets_are_read_and_one_more_is_not(xlsx_file) -> None:
    assert len(read_tables(xlsx_file({f"{n}": [["a"]] for n in range(50)}))) == 50
    assert reason(xlsx_file({f"{n}": [["a"]] for n in range(51)})) == "too_many_sheets"


def test_rows_and_columns_of_csv_have_limits(tmp_path: Path) -> None:
    assert len(read_tables(written(tmp_path, b"a\n" * 200_000))[0].rows) == 200_000
    assert reason(written(tmp_path, b"a\n" * 200_001)) == "too_many_rows"
    assert len(read_tables(written(tmp_path, b"a" + b",a" * 199 + b"\n"))[0].rows[0]) == 200
    assert reason(written(tmp_path, b"a" + b",a" * 200 + b"\n")) == "too_many_columns"


def test_empty_formatted_rows_to_the_end_of_the_sheet_cost_nothing(plain: Path, repacked) -> None:
    """Formatting a whole column leaves a million empty cells; offices do it, and their file is as good as any other."""
    path = repacked(plain, {SHEET: lambda x: x.replace(b"</sheetData>", b'<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>')})
    assert read_people(path).read == 1


def test_an_absurd_date_number_refuses_the_file_and_does_not_kill_the_process(xlsx_file, repacked) -> None:
    from datetime import datetime

    path = xlsx_file({"表": [["姓名", "日期"], ["张三", datetime(2022, 7, 3, 9, 0)]]})
    changed = repacked(path, {SHEET: lambda x: x.replace(b"<v>44745.375</v>", b"<v>-1e400</v>")})
    assert reason(changed) == "not_a_table"


def test_a_hostile_file_is_refused_in_two_seconds_and_100_megabytes(tmp_path: Path) -> None:
    """Measured in a process of its own, with an upper limit on its memory."""
    path = written(tmp_path, bomb(199_000_000))
    script = (
        "import resource, sys, time; from pathlib import Path; from ledger.paperwork.tables import read_tables\n"
        "from ledger.domain.errors import UnreadableFile\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; begun = time.process_time()\n"
        "try: read_tables(Path(sys.argv[1]))\n"
        "except UnreadableFile: print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, time.process_time() - begun)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=root, capture_output=True, text=True, check=True)
    megabytes, seconds = map(float, done.stdout.split())
    assert megabytes <= 100 and seconds <= 2


def test_ten_million_cells_are_refused_without_being_laid_out(plain: Path, repacked) -> None:
    many = b'<row r="%d"><c r="A%d"><v>1</v></c><c r="GR%d"><v>1</v></c></row>'
    rows = b"".join(many % (n, n, n) for n in range(3, 60_000))
    begun = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = repacked(plain, {SHEET: lambda x: x.replace(b"</sheetData>", rows + b"</sheetData>")})
    begun = time.process_time()
    assert reason(path) == "too_many_rows"
    assert time.process_time() - begun < 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 150 * 1024


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_give_a_refusal_and_nothing_else(tmp_path: Path, quarter: Path, seed: int) -> None:
    chance = random.Random(seed)
    sources = [(quarter / name).read_bytes() for name in ("兑换物资.xlsx", "红色驿站.csv", "网格架构.csv")]
    for _ in range(60):
        data = bytearray(chance.choice(sources))
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.choice([0, 1, 5, 50])):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        path = written(tmp_path, bytes(data))
        for read in READERS:
            try:
                read(path)
            except UnreadableFile as refused:
                assert str(refused.facts["reason"]).split(":")[0].replace("_", "").isascii()


def test_random_bytes_give_a_refusal_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(7)
    for size in range(0, 4000, 37):
        for start in (b"", b"PK\x03\x04", b"\xef\xbb\xbf", b"\xff\xfe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
            path = written(tmp_path, start + chance.randbytes(size))
            with pytest.raises(UnreadableFile):
                read_people(path)
