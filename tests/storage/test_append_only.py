"""What is written stays: the database itself refuses to change or drop acts, postings, leaves, nodes, heads and the book."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, text

from ledger.audit import trail
from ledger.storage import database
from ledger.storage.migrations.append_only import APPEND_ONLY
from tests.cast import District, migrated_settings

KEY = {"act": "id", "posting": "act", "leaf": "leaf_index", "node": "level", "head": "size", "book": "slug"}
ANY = {"act": "kind", "posting": "amount", "leaf": "hash", "node": "hash", "head": "root", "book": "zone"}


@pytest.fixture
def sealed(district: District) -> District:
    trail.seal(district.book, district.now)
    return district


def columns(district: District, table: str) -> list[str]:
    statement = "SELECT name FROM pragma_table_info(:t)" if district.book.is_sqlite else (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = :s AND table_name = :t ORDER BY ordinal_position"
    )  # fmt: skip
    with district.book.engine.connect() as connection:
        values = {"t": table} if district.book.is_sqlite else {"t": table, "s": f"book_{district.book.slug}"}
        return [row[0] for row in connection.execute(text(statement), values)]


def name(district: District, table: str) -> str:
    return table if district.book.is_sqlite else f'"book_{district.book.slug}".{table}'


def attempts(district: District, table: str) -> dict[str, str]:
    """Every way to change what stands, as SQL for this engine."""
    there, key, column, all_columns = name(district, table), KEY[table], ANY[table], ", ".join(f'"{c}"' for c in columns(district, table))
    ways = {
        "update": f"UPDATE {there} SET {column} = {column}",
        "update one": f"UPDATE {there} SET {column} = {column} WHERE {key} = (SELECT MIN({key}) FROM {there})",
        "delete": f"DELETE FROM {there}",
        "delete one": f"DELETE FROM {there} WHERE {key} = (SELECT MAX({key}) FROM {there})",
    }
    if district.book.is_sqlite:
        return ways | {
            "insert or replace": f"INSERT OR REPLACE INTO {there} ({all_columns}) SELECT {all_columns} FROM {there} LIMIT 1",
            "replace": f"REPLACE INTO {there} ({all_columns}) SELECT {all_columns} FROM {there} LIMIT 1",
            "update or replace": f"UPDATE OR REPLACE {there} SET {column} = {column}",
            "upsert": f"INSERT INTO {there} ({all_columns}) SELECT {all_columns} FROM {there} WHERE true"
            f" ON CONFLICT DO UPDATE SET {column} = 1",
        }
    keys = {"posting": "act, line", "node": "level, node_index"}.get(table, key)
    return ways | {
        "truncate": f"TRUNCATE {there} CASCADE",
        "upsert": f"INSERT INTO {there} ({all_columns}) SELECT {all_columns} FROM {there} LIMIT 1"
        f" ON CONFLICT ({keys}) DO UPDATE SET {column} = excluded.{column}",
        "merge": f"MERGE INTO {there} t USING {there} s ON t.{key} = s.{key} WHEN MATCHED THEN DELETE",
        "update in a chain": f"WITH gone AS (DELETE FROM {there} RETURNING *) SELECT count(*) FROM gone",
    }


def contents(district: District, table: str) -> list[Any]:
    with district.book.engine.connect() as connection:
        return sorted(connection.execute(text(f"SELECT * FROM {name(district, table)}")).all(), key=str)


def test_every_way_to_change_what_stands_is_refused_on_the_applications_own_connection(sealed: District) -> None:
    for table in APPEND_ONLY:
        before = contents(sealed, table)
        assert before, table
        for way, sql in attempts(sealed, table).items():
            with sealed.book.engine.connect() as connection:
                with pytest.raises(Exception, match="append-only|permission denied"):
                    connection.execute(text(sql))
                connection.rollback()
            assert contents(sealed, table) == before, (table, way)


def test_a_published_rule_is_refused_a_change_too(sealed: District) -> None:
    with sealed.book.engine.connect() as connection:
        with pytest.raises(Exception, match="published|append-only"):
            connection.execute(text(f"UPDATE {name(sealed, 'rule')} SET points = points + 1"))
        connection.rollback()


def test_replace_would_pass_without_recursive_triggers(sqlite_district: District) -> None:
    """The positive control of the pragma: with SQLite's default, INSERT OR REPLACE changes a row in silence."""
    trail.seal(sqlite_district.book, sqlite_district.now)
    with sqlite_district.book.engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA recursive_triggers=OFF")
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("BEGIN")
        driver.execute(
            "INSERT OR REPLACE INTO head SELECT size, 'x', signed_at, signature, public_key, key_id, algorithm FROM head LIMIT 1"
        )
        assert driver.execute("SELECT count(*) FROM head WHERE root = 'x'").fetchone() == (1,)
        driver.execute("ROLLBACK")
        connection.invalidate()


@pytest.mark.pg
@pytest.mark.xdist_group("pg")
def test_the_applications_role_has_no_right_to_change_what_stands(home: Any, pg_url: str) -> None:
    """PostgreSQL refuses twice: by trigger, and by a role without UPDATE, DELETE and TRUNCATE on these tables."""
    from dataclasses import replace

    owner = create_engine(pg_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS ledger_app"))
        connection.execute(text("CREATE ROLE ledger_app LOGIN PASSWORD 'app'"))
    application = owner.url.set(username="ledger_app", password="app").render_as_string(hide_password=False)
    settings = replace(migrated_settings(home, pg_url), database_url=application, owner_url=pg_url)
    from ledger.storage import migrating
    from tests.cast import found_district, open_book

    migrating.upgrade(settings)
    book = open_book(settings)
    try:
        district = found_district(book, home)
        district.to_redeeming()
        assert district.walk_up("SP-01")["points"] == 30
        with owner.connect() as connection:
            for table in APPEND_ONLY:
                connection.execute(text(f'ALTER TABLE "book_main".{table} DISABLE TRIGGER ALL'))
        for table in APPEND_ONLY:
            for verb in (f"UPDATE {{}} SET {ANY[table]} = {ANY[table]}", "DELETE FROM {}", "TRUNCATE {}"):
                with book.engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
                    connection.execute(text(verb.format(f'"book_main".{table}')))
        with book.engine.connect() as connection, pytest.raises(Exception, match="must be owner|permission denied"):
            connection.execute(text('DROP TRIGGER act_change_refused ON "book_main".act'))
        with owner.connect() as connection:
            for table in APPEND_ONLY:
                connection.execute(text(f'ALTER TABLE "book_main".{table} ENABLE TRIGGER ALL'))
        district.check_clean()
    finally:
        book.close()
        with owner.connect() as connection:
            connection.execute(text('DROP SCHEMA IF EXISTS "book_main" CASCADE'))
            connection.execute(text("DROP OWNED BY ledger_app CASCADE"))
            connection.execute(text("DROP ROLE ledger_app"))
        owner.dispose()


def test_a_balance_below_its_floor_is_refused_by_the_row_itself(sealed: District) -> None:
    with sealed.book.engine.connect() as connection:
        with pytest.raises(Exception, match="(?i)check"):
            connection.execute(text(f"UPDATE {name(sealed, 'account')} SET balance = -1 WHERE path LIKE 'wallet/%'"))
        connection.rollback()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO {posting} (act, line, account, commodity, amount) SELECT act, 99, account, commodity, 0 FROM {posting} LIMIT 1",
        "INSERT INTO {posting} (act, line, account, commodity, amount) SELECT act, 98, account, 'HON', 1 FROM {posting}"
        " WHERE commodity = 'PTS' LIMIT 1",
        "INSERT INTO {posting} (act, line, account, commodity, amount)"
        " SELECT 'no such act', 1, account, commodity, 1 FROM {posting} LIMIT 1",
        "INSERT INTO {unsealed} (act) VALUES ('no such act')",
    ],
)  # fmt: skip
def test_a_posting_that_makes_no_sense_is_refused_by_the_row_itself(sqlite_district: District, sql: str) -> None:
    with sqlite_district.book.engine.connect() as connection:
        with pytest.raises(Exception, match="(?i)constraint"):
            connection.execute(text(sql.replace("{", "").replace("}", "")))
        connection.rollback()
    assert database.sqlite_file(sqlite_district.book.settings).exists()
