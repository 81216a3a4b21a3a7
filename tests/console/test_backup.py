"""A backup is whole or is not there; a restored book is the same book, or nothing was changed."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import clock
from ledger.audit import trail
from ledger.audit.checks import check
from ledger.config import BookSettings
from ledger.domain.errors import ConfigDisagrees, InvalidInput, NotEmpty, UnreadableFile
from ledger.storage import archive, dump
from ledger.storage import trail as leaves
from ledger.storage.unit_of_work import Book
from ledger.usecases.back_up import back_up
from ledger.usecases.restore_book import restore_book
from tests.cast import District, open_book

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "十二个字符以上的一句口令吧"
KILLS = 3
GATE_KILLS = 20


@pytest.fixture
def served(district: District) -> District:
    """A district in its redemption window, with a hold, a hand-over and a sealed tree."""
    district.to_redeeming()
    district.collect(district.hold("SP-03")["hold"])
    district.hold("SP-01")
    return district


@pytest.fixture
def backup_file(tmp_path: Path) -> Path:
    return tmp_path / "book.zip"


def request(district: District):
    return district.request("backup", key=None)


def empty_home(tmp_path: Path, district: District, url: str = "") -> BookSettings:
    """Settings of a book that does not exist yet, beside the district's."""
    return replace(district.book.settings, folder=tmp_path / "elsewhere" / "main", database_url=url, owner_url=url)


def lines(book: Book) -> dict[str, list[bytes]]:
    return book.read(lambda unit: {name: list(dump.lines_of(unit, name)) for name in dump.KEPT}, snapshot=True)


def check_same(restored: Book, before: dict[str, list[bytes]]) -> None:
    """Every row is there; the restored book has one act more, which says that it was restored."""
    after = lines(restored)
    for name in dump.KEPT:
        more = [line for line in after[name] if line not in set(before[name])]
        assert len(after[name]) - len(more) == len(before[name]), name
        assert len(more) == (1 if name in ("act", "unsealed") else 0), (name, more)
    assert b'"restored"' in [line for line in after["act"] if line not in set(before["act"])][0]
    report = check(restored)
    assert report.ok, [c.name for c in report.checks if not c.ok]


def test_a_backup_restores_to_the_same_book_with_an_equal_head(served: District, tmp_path: Path, backup_file: Path) -> None:
    made = back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
    kept = archive_lines(backup_file)
    settings = empty_home(tmp_path, served)
    done = restore_book(settings, request(served), backup_file, passphrase=PASSPHRASE)
    assert done["restored"] and done["findings"] == []
    assert (done["head"], done["acts"], done["key_ids"]) == (made["head"], made["acts"], made["key_ids"])
    restored = open_book(settings)
    assert trail.head(restored).document() == made["head"]
    check_same(restored, kept)
    restored.close()


def archive_lines(file: Path) -> dict[str, list[bytes]]:
    with archive.unpacking(file) as unpacking:
        return {name: list(rows) for name, _columns, rows in unpacking.tables(lambda _name, _rows: None)}


@pytest.mark.pg
@pytest.mark.xdist_group("pg")
def test_a_book_moves_from_sqlite_to_postgresql(sqlite_district: District, pg_url: str, tmp_path: Path, backup_file: Path) -> None:
    sqlite_district.to_redeeming()
    sqlite_district.hold("SP-01")
    back_up(sqlite_district.book, request(sqlite_district), backup_file, passphrase=PASSPHRASE)
    settings = empty_home(tmp_path, sqlite_district, pg_url)
    restore_book(settings, request(sqlite_district), backup_file, passphrase=PASSPHRASE)
    moved = open_book(settings)
    check_same(moved, archive_lines(backup_file))
    moved.close()


def test_a_book_with_acts_is_kept_unless_it_shall_be_replaced(served: District, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file)
    kept = archive_lines(backup_file)
    served.hold("SP-03")
    with pytest.raises(NotEmpty):
        restore_book(served.book.settings, request(served), backup_file)
    present = served.book.read(dump.count_acts)
    done = restore_book(served.book.settings, request(served), backup_file, replace_all=True)
    assert done["replaced"] == present - 1  # without its genesis
    again = open_book(served.book.settings)
    check_same(again, kept)
    with pytest.raises(Exception, match="append-only|permission"):
        again.run(lambda unit: unit.connection.connection.driver_connection.cursor().execute(_DELETE[unit.is_sqlite]))
    again.close()


_DELETE = {True: "DELETE FROM posting", False: 'DELETE FROM "book_main".posting'}


def test_a_dry_restore_proves_the_backup_and_changes_nothing(served: District, tmp_path: Path, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
    settings = empty_home(tmp_path, served)
    done = restore_book(settings, replace(request(served), dry=True), backup_file, passphrase=PASSPHRASE)
    assert done["findings"] == [] and not done["restored"]
    assert not any(settings.folder.iterdir())


def test_nobody_stays_signed_in_over_a_restore(served: District, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file)
    assert not {"sign_in", "failure", "job_lease"} & archive_lines(backup_file).keys()


def test_keys_are_needed_to_restore(served: District, tmp_path: Path, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
    settings = empty_home(tmp_path, served)
    for passphrase in ("", "another passphrase"):
        with pytest.raises(UnreadableFile, match="unreadable_file") as refused:
            restore_book(settings, request(served), backup_file, passphrase=passphrase)
        assert refused.value.facts["reason"] == "wrong_key"
    assert not any(settings.folder.iterdir())
    with pytest.raises(InvalidInput):
        back_up(served.book, request(served), backup_file, passphrase="short")


def test_no_name_phone_or_key_is_readable_in_a_backup(served: District, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
    ring = (served.book.settings.keys_folder / "keyring.json").read_text()
    secrets = [word for word in ring.split('"') if len(word) == 64]
    with zipfile.ZipFile(backup_file) as file:
        everything = b"".join(file.read(name) for name in file.namelist())
    for text in ("王玉兰", "欧阳娜娜", "13800000001", "138 0000 0001", *secrets):
        assert text.encode() not in everything


def test_another_book_or_other_settings_are_refused(served: District, tmp_path: Path, backup_file: Path) -> None:
    back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
    settings = empty_home(tmp_path, served)
    for other in (replace(settings, slug="other"), replace(settings, genesis=replace(settings.genesis, decimals=2))):
        with pytest.raises(ConfigDisagrees):
            restore_book(other, request(served), backup_file, passphrase=PASSPHRASE)


def damaged_copies(whole: bytes) -> Iterator[bytes]:
    """Cut off, a byte turned in each part, a table left out, a row left out with its digest kept."""
    for share in (0, 0.3, 0.7, 0.999):
        yield whole[: int(len(whole) * share)]
    for at in range(200, len(whole), len(whole) // 12):
        yield whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
    for part in ("posting.jsonl", "manifest.json"):
        yield rewritten(whole, part, None)
    yield rewritten(whole, "posting.jsonl", lambda body: b"".join(body.splitlines(keepends=True)[:-1]))


def rewritten(whole: bytes, part: str, change) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            if name != part:
                new.writestr(name, body)
            elif change is not None:
                new.writestr(name, change(body))
    return made.getvalue()


def test_a_damaged_backup_is_refused_and_nothing_changes(sqlite_district: District, tmp_path: Path, backup_file: Path) -> None:
    back_up(sqlite_district.book, request(sqlite_district), backup_file)
    whole, head = backup_file.read_bytes(), trail.head(sqlite_district.book)
    before = lines(sqlite_district.book)
    broken, refused, proved = tmp_path / "broken.zip", 0, 0
    for copy in damaged_copies(whole):
        broken.write_bytes(copy)
        try:
            done = restore_book(sqlite_district.book.settings, replace(request(sqlite_district), dry=True), broken, replace_all=True)
            proved += done["head"] == head.document() and done["findings"] == []
        except UnreadableFile as error:
            refused += 1
            assert error.facts["reason"] == "damaged"
    # A turned byte in what the zip says besides (times, versions) takes nothing from the book, which then proves itself.
    assert refused + proved == len(list(damaged_copies(whole))) and refused >= 12
    assert lines(sqlite_district.book) == before and trail.head(sqlite_district.book) == head


def test_a_backup_under_load_is_of_one_moment_and_holds_what_was_acknowledged(served: District, tmp_path: Path, backup_file: Path) -> None:
    served.book.run(lambda unit: None)
    stop, acknowledged, failed = threading.Event(), [], []

    def reserve_and_void() -> None:
        while not stop.is_set():
            try:
                acknowledged.append(served.hold("SP-03")["hold"])
                served.void(acknowledged[-1])
            except Exception as error:  # told below
                failed.append(error)
                return

    writers = [threading.Thread(target=reserve_and_void) for _ in range(3)]
    for writer in writers:
        writer.start()
    time.sleep(0.3)
    try:
        for n in range(4):
            known = list(acknowledged)
            back_up(served.book, request(served), backup_file, passphrase=PASSPHRASE)
            kept = {line.split(b'"')[1].decode() for line in archive_lines(backup_file)["hold"]}
            assert set(known) <= kept
            settings = replace(empty_home(tmp_path, served), folder=tmp_path / f"copy{n}" / "main")
            assert restore_book(settings, request(served), backup_file, passphrase=PASSPHRASE)["findings"] == []
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert not failed, failed[0]


def console(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "cli.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_killed_backup_leaves_no_file_and_a_killed_restore_an_untouched_book(
    sqlite_district: District, home: Path, tmp_path: Path
) -> None:
    kill_backups_and_restores(sqlite_district, home, tmp_path, KILLS)


@pytest.mark.gate
def test_twenty_killed_backups_and_restores_leave_whole_books(sqlite_district: District, home: Path, tmp_path: Path) -> None:
    kill_backups_and_restores(sqlite_district, home, tmp_path, GATE_KILLS)


def kill_backups_and_restores(district: District, home: Path, tmp_path: Path, kills: int) -> None:
    whole = tmp_path / "whole.zip"
    begun = time.monotonic()
    assert console(home, "backup", str(whole)).wait(60) == 0
    took = time.monotonic() - begun
    for n in range(kills):
        target = tmp_path / f"killed{n}.zip"
        kill_after(took * (0.5 + 0.5 * n / kills), console(home, "backup", str(target)))
        assert not target.exists() or zipfile.ZipFile(target).testzip() is None
    district.tick_at(clock.now())  # the console's runs above stand at the present, so what follows does too
    before = lines(district.book)
    for n in range(kills):
        kill_after(took * (0.5 + 0.5 * n / kills), console(home, "restore", str(whole), "--replace"))
        after = lines(district.book)
        if after != before:
            assert any(b'"restored"' in line for line in after["act"])
            before = after
    report = check(district.book)
    assert report.ok, [c.findings[0].message for c in report.checks if not c.ok]


def kill_after(seconds: float, running: subprocess.Popen[bytes]) -> None:
    time.sleep(seconds)
    running.send_signal(signal.SIGKILL)
    running.wait()


def test_a_file_that_is_no_database_is_set_aside_and_replaced(sqlite_district: District, home: Path, backup_file: Path) -> None:
    back_up(sqlite_district.book, request(sqlite_district), backup_file)
    settings = sqlite_district.book.settings
    sqlite_district.book.close()
    for part in settings.folder.glob("ledger.sqlite3*"):
        part.unlink()
    (settings.folder / "ledger.sqlite3").write_bytes(b"what a failing disk gave back" * 400)
    with pytest.raises(NotEmpty):
        restore_book(settings, request(sqlite_district), backup_file)
    assert restore_book(settings, request(sqlite_district), backup_file, replace_all=True)["restored"]
    again = open_book(settings)
    check_same(again, archive_lines(backup_file))
    assert again.read(leaves.unsealed_count) == 1
    again.close()
    assert list(settings.folder.glob("ledger.sqlite3.damaged-*"))
