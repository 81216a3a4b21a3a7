"""One quarter on the paperwork as an office sent it: from spreadsheets to a sealed book that other programs accept."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import trail
from ledger.audit.export import export
from ledger.domain import errors
from ledger.storage import statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.find_person import find_holder
from ledger.usecases.found_book import found_book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.undo_batch import undo_batch
from tests.cast import District, local, migrated_settings, open_book

PAPERWORK = Path(__file__).parents[1] / "paperwork" / "quarter-2022q3"
WANT = json.loads((PAPERWORK / "expected.json").read_text(encoding="utf-8"))
SHEETS = "2022年第三季度签到表.xlsx"
PLAN: list[tuple[str, Callable[..., dict[str, Any]], str, dict[str, Any]]] = [
    ("areas", import_areas, "网格架构.csv", {}),
    ("people", import_people, "志愿者花名册.xlsx", {}),
    ("stations", import_stations, "红色驿站.csv", {}),
    ("goods", import_goods, "兑换物资.xlsx", {}),
    ("opening", import_opening, "期初积分.csv", {"as_of": date(2022, 6, 30)}),
    ("activities", import_activities, SHEETS, {}),
    ("attendance", import_attendance, SHEETS, {}),
]


@pytest.fixture
def quarter(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A district on which nothing but the founding has happened, and the real paperwork's reports."""
    url = request.getfixturevalue("pg_url") if engine == "postgresql" else ""
    book = open_book(migrated_settings(tmp_path / "home", url))
    district = District(book, tmp_path)
    found_book(book, district.request("found", key=None))
    yield district
    district.check_clean()
    book.close()


def bring(district: District) -> dict[str, dict[str, Any]]:
    request = district.request("import", key=None)
    return {kind: importer(district.book, request, PAPERWORK / name, **more) for kind, importer, name, more in PLAN}


def points_of(district: District) -> list[tuple[int, int]]:
    """Spendable and pending of the forty sampled people."""

    def read(unit: Unit) -> list[tuple[int, int]]:
        found = [statements.balance(unit, find_holder(unit, p["phone"]), district.now) for p in WANT["samples"]]
        return [(balance.spendable, balance.pending) for balance in found]

    return district.book.read(read)


def test_the_whole_quarter(quarter: District) -> None:
    reports = bring(quarter)
    _expect_totals(reports)
    assert all(report["accepted"] == 0 for report in bring(quarter).values())
    _expect_no_identity_on_disk(quarter)
    opening = [p["opening"] for p in WANT["samples"]]
    earned = [p["attendance"] for p in WANT["samples"]]
    assert points_of(quarter) == list(zip(opening, earned, strict=True))

    undone = undo_batch(quarter.book, quarter.request("undo", key=None), batch=reports["attendance"]["batch"])
    assert (undone["reversed"], undone["debt"]) == (WANT["attendances"], 0)
    assert points_of(quarter) == [(points, 0) for points in opening]
    request = quarter.request("import", key=None)
    assert import_attendance(quarter.book, request, PAPERWORK / SHEETS)["accepted"] == WANT["attendances"]

    quarter.tick_at(local("2022-10-04 09:00"))
    assert points_of(quarter) == list(zip(opening, earned, strict=True))
    quarter.tick_at(local("2022-10-12 09:00"))
    total = [a + b for a, b in zip(opening, earned, strict=True)]
    assert points_of(quarter) == [(points, 0) for points in total]

    rich = max(range(len(total)), key=lambda n: total[n])
    quarter.volunteer = quarter.book.read(lambda unit: find_holder(unit, WANT["samples"][rich]["phone"]))
    quarter.station = "YZ001"
    quarter.hold("SP-0007")
    assert quarter.balance().held == 6
    with pytest.raises(errors.OutOfStock):
        quarter.hold("SP-0007", 6)
    quarter.tick_at(local("2022-11-01 09:00"))
    assert (quarter.balance().spendable, quarter.balance().held) == (total[rich], 0)

    quarter.tick_at(local("2023-01-01 00:00"))
    assert points_of(quarter) == [(0, 0)] * len(total)
    _expect_books_others_accept(quarter)


def _expect_totals(reports: dict[str, dict[str, Any]]) -> None:
    """Every figure of expected.json."""
    people, defects = reports["people"], WANT["defects"]
    assert (people["read"], people["accepted"], people["unchanged"]) == (WANT["roster_rows"], WANT["volunteers"], defects["duplicate"])
    assert Counter(r["code"] for r in people["rejected"]) == {code: defects[code] for code in ("bad_phone", "missing_name", "unknown_area")}
    assert all(r["sheet"] == "花名册" and r["row"] > 3 and r["column"] for r in people["rejected"])
    assert (reports["areas"]["accepted"], reports["stations"]["accepted"]) == (WANT["micro_grids"], WANT["stations"])
    assert reports["goods"]["control"] == {"stock": WANT["stock_pieces"], "cost_fen": WANT["stock_cost_fen"]}
    assert reports["opening"]["control"] == {"points": WANT["opening_points"]}
    assert reports["activities"]["accepted"] == WANT["activities"]
    attendance = reports["attendance"]
    assert attendance["control"] == {"attendances": WANT["attendances"], "points": WANT["points_from_attendance"]}
    assert [r["code"] for r in attendance["rejected"]] == ["already_checked_in"] * defects["duplicate_attendance"]


def _expect_no_identity_on_disk(district: District) -> None:
    """No ID-card number, no hash of one without a key, no phone in the clear: in the SQLite file, its WAL, or a PostgreSQL dump."""
    with zipfile.ZipFile(PAPERWORK / "志愿者花名册.xlsx") as archive:
        numbers = set(re.findall(rb"370399(?:19|20)\d{9}[\dX]", b"".join(archive.read(n) for n in archive.namelist())))
    assert len(numbers) > 1000
    raw = _bytes_of(district)
    assert not re.findall(rb"370399(?:19|20)\d{9}[\dX]", raw)
    for number in sorted(numbers)[:50]:
        for digest in (hashlib.md5(number), hashlib.sha1(number), hashlib.sha256(number)):
            assert digest.digest() not in raw and digest.hexdigest().encode() not in raw
    assert not [p["phone"] for p in WANT["samples"] if p["phone"].encode() in raw]


def _bytes_of(district: District) -> bytes:
    folder = district.book.settings.folder
    if district.book.compiler.engine == "sqlite":
        return b"\n".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    from ledger.storage.rows import METADATA

    with district.book.engine.connect() as connection:
        rows = [row for table in METADATA.sorted_tables for row in connection.exec_driver_sql(f'SELECT * FROM "book_main".{table.name}')]
    cells = [cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row]
    return b"\n".join(cells)


def _expect_books_others_accept(district: District) -> None:
    """hledger and beancount take the whole journal and agree on what is left in the wallets: nothing."""
    trail.seal(district.book, district.now)
    journal, beans = district.folder / "book.journal", district.folder / "book.beancount"
    made = export(district.book, "hledger", journal)
    assert made["sha256"] == hashlib.sha256(journal.read_bytes()).hexdigest()
    if shutil.which("hledger"):
        checked = subprocess.run(
            ["hledger", "-f", journal, "check", "--strict"],
            capture_output=True,
            text=True,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert checked.returncode == 0, checked.stderr[-500:]
        stats = subprocess.run(
            ["hledger", "-f", journal, "stats"],
            capture_output=True,
            text=True,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            check=True,
        ).stdout
        counted = re.search(r"(?m)^(?:Transactions|Txns)\s*:\s*(\d+)", stats)
        assert counted and int(counted[1]) == made["entries"]
    export(district.book, "beancount", beans)
    checked = subprocess.run([Path(sys.executable).parent / "bean-check", beans], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr[-500:] + checked.stdout[-500:]
