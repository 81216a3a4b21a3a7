"""Every connection is set as it must be; nothing is left to a library default."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ledger.storage import database
from tests.cast import District

PRAGMAS = {
    "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "secure_delete": 1, "trusted_schema": 0,
    "busy_timeout": 15_000,
}  # fmt: skip


def test_each_sqlite_connection_carries_the_pragmas(sqlite_district: District) -> None:
    engine = sqlite_district.book.engine
    open_now = [engine.connect() for _ in range(3)]
    for connection in open_now:
        driver = connection.connection.driver_connection
        assert {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS} == PRAGMAS
        assert driver.isolation_level is None
    for connection in open_now:
        connection.close()
    written = sqlite_district.book.run(lambda unit: {name: unit._cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in PRAGMAS})
    assert written == PRAGMAS


def test_the_loaded_sqlite_is_past_the_wal_reset_bug() -> None:
    assert tuple(database.sqlite_module().sqlite_version_info) >= (3, 51, 3)
    assert database.wal_is_safe()


def test_wal_is_not_used_on_a_version_with_the_reset_bug(sqlite_district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAL_SAFE_FROM", (99, 0, 0))
    engine = database.make_engine(sqlite_district.book.settings)
    sqlite_district.book.close()
    with engine.connect() as connection:
        assert connection.connection.driver_connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    engine.dispose()


@pytest.mark.parametrize("engine", [pytest.param("postgresql", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")])], indirect=True)
def test_each_postgresql_connection_carries_its_settings(district: District) -> None:
    expected = {
        "transaction_isolation": "read committed", "lock_timeout": "10s", "statement_timeout": "1min", "synchronous_commit": "on",
        "TimeZone": "UTC", "application_name": "ledger",
    }  # fmt: skip
    with district.book.engine.connect() as connection:
        assert {name: connection.execute(text(f"SHOW {name}")).scalar() for name in expected} == expected


def test_a_phone_that_was_deleted_is_gone_from_the_file(sqlite_district: District) -> None:
    """secure_delete overwrites; a truncating checkpoint empties the log. Sealed phones are stored, never plain ones."""
    book = sqlite_district.book
    marker = b"a-secret-that-goes-away"
    book.run(lambda unit: unit._cursor.execute("UPDATE station SET contact = ? WHERE code = 'DY001'", (marker,)))
    book.run(lambda unit: unit._cursor.execute("UPDATE station SET contact = x'00' WHERE code = 'DY001'"))
    with book.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = database.sqlite_file(book.settings)
    raw = b"".join(path.read_bytes() for path in file.parent.glob("ledger.sqlite3*"))
    assert marker not in raw
    assert b"13800000001" not in raw
