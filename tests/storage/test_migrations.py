"""Making and upgrading a book: twice is harmless, every guard is there, and the tables are what the rows say."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

from ledger.domain.errors import Unavailable
from ledger.storage import migrating
from ledger.storage import rows as _rows  # noqa: F401 (registers every table)
from ledger.storage.migrations.append_only import APPEND_ONLY, SQLITE_TRIGGERS
from ledger.storage.sql import Statement
from ledger.usecases.found_book import found_book
from tests.cast import District, migrated_settings, open_book

ACT_IDS = Statement("SELECT id FROM {act}")


def triggers(district: District) -> set[str]:
    sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'" if district.book.is_sqlite else (
        "SELECT DISTINCT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'book_main'"
        " UNION SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'book_main' AND NOT tgisinternal"
    )  # fmt: skip
    with district.book.engine.connect() as connection:
        return {row[0] for row in connection.execute(text(sql))}


def test_every_append_only_table_has_its_triggers(district: District) -> None:
    if district.book.is_sqlite:
        assert triggers(district) == set(SQLITE_TRIGGERS)
        assert len(SQLITE_TRIGGERS) == 2 * len(APPEND_ONLY) + 1
    else:
        expected = {f"{table}_{what}_refused" for table in APPEND_ONLY for what in ("change", "truncate")} | {"rule_update_refused"}
        assert triggers(district) == expected


def test_upgrading_and_founding_again_changes_nothing(district: District) -> None:
    before, spendable = triggers(district), district.balance().spendable
    for _ in range(2):
        migrating.upgrade(district.book.settings)
        answer = found_book(district.book, district.request("found", key=None))
        assert answer["founded"] is False
    assert (triggers(district), district.balance().spendable) == (before, spendable)
    with district.book.engine.connect() as connection:
        assert migrating.version_of(connection, None if district.book.is_sqlite else "book_main") == migrating.HEAD


def test_the_tables_are_what_the_rows_say(district: District) -> None:
    with district.book.engine.connect() as connection:
        if not district.book.is_sqlite:
            connection.execute(text('SET search_path = "book_main"'))
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version", "compare_type": False})
        different = [d for d in compare_metadata(context, SQLModel.metadata) if not _is_the_version_table(d)]
    assert different == []


def _is_the_version_table(difference: object) -> bool:
    return isinstance(difference, tuple) and getattr(difference[1], "name", "") == "schema_version"


def test_two_books_on_one_server_share_nothing(home: Path) -> None:
    """One file each on SQLite: the second book's first holder is its own V000001."""
    settings = migrated_settings(home)
    other = migrated_settings(home / "other")
    one, two = open_book(settings), open_book(other)
    try:
        for book in (one, two):
            found_book(book, District(book, home).request("found", key=None))
        assert one.read(lambda unit: unit.rows(ACT_IDS)) != two.read(lambda unit: unit.rows(ACT_IDS))
    finally:
        one.close()
        two.close()


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    settings = migrated_settings(tmp_path / "home")
    settings.folder.joinpath("ledger.sqlite3").unlink()
    settings.folder.joinpath("ledger.sqlite3").mkdir()
    with pytest.raises(Unavailable):
        migrating.upgrade(settings)
