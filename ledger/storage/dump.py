"""Every table of a book as lines of plain values, the same on both engines; and the way back into a book.

A line is the JSON array of one row's values in column order, bytes as base64. Rows come by primary key, compared byte by
byte, so that equal books give equal lines. Sign-in sessions, failure counters and leases are states of running
processes: they are left out, so that nobody is signed in by a restored copy.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from alembic.util import CommandError
from sqlalchemy import Boolean, LargeBinary, Table, text
from sqlalchemy.exc import SQLAlchemyError

from ledger.config import BookSettings
from ledger.domain.errors import Unavailable, UnreadableFile
from ledger.storage import database, migrating
from ledger.storage.migrations.append_only import APPEND_ONLY
from ledger.storage.rows import METADATA
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

Columns = tuple[tuple[str, str], ...]
"""(name, kind) of each column; kind is text, bytes or bool, where text stands for whole numbers too."""

LEFT_OUT: Final = frozenset({"sign_in", "failure", "job_lease"})
TABLES: Final[dict[str, Table]] = {table.name: table for table in METADATA.sorted_tables}
KEPT: Final = tuple(name for name in TABLES if name not in LEFT_OUT)
"""The tables of a backup, each after those it refers to."""

ROWS_AT_ONCE: Final = 2000
BUSY_TRIES: Final = 120

_ACTS: Final = Statement("SELECT count(*) FROM {act}")
_READ: Final[dict[str, Statement]] = {}


def columns_of(name: str) -> Columns:
    """The columns of a table as this program knows it."""
    return tuple((column.name, _kind(column.type)) for column in TABLES[name].columns)


def _kind(type_: Any) -> str:
    if isinstance(type_, LargeBinary):
        return "bytes"
    return "bool" if isinstance(type_, Boolean) else "text"


def count_acts(unit: Unit) -> int:
    return int(unit.value(_ACTS))


def lines_of(unit: Unit, name: str) -> Iterator[bytes]:
    """The rows of one table as lines."""
    if name not in _READ:
        order = ", ".join(f'"{column.name}"' for column in TABLES[name].primary_key)
        names = ", ".join(f'"{column}"' for column, _ in columns_of(name))
        _READ[name] = Statement(f"SELECT {names} FROM {{{name}}} ORDER BY {order}")
    kinds = [kind for _, kind in columns_of(name)]
    for row in unit.stream(_READ[name]):
        yield line_of(row, kinds)


def line_of(row: Sequence[Any], kinds: Sequence[str]) -> bytes:
    values = [_plain(value, kind) for value, kind in zip(row, kinds, strict=True)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any, kind: str) -> Any:
    if value is None or kind == "text":
        return value
    return base64.b64encode(value).decode() if kind == "bytes" else bool(value)


def values_of(line: bytes, kinds: Sequence[str]) -> list[Any]:
    """The row in a line. Raises UnreadableFile for a line that `line_of` did not make."""
    try:
        values = json.loads(line)
        return [_stored(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (ValueError, TypeError) as error:
        raise UnreadableFile("damaged") from error


def _stored(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "bytes":
        return base64.b64decode(value, validate=True)
    if kind == "bool":
        return bool(value)
    if type(value) not in (str, int):
        raise ValueError(kind)
    return value


def load_aside(settings: BookSettings, revision: str, tables: Iterable[tuple[str, Columns, Iterable[bytes]]]) -> None:
    """Fill a new SQLite book at `settings` with tables as a backup of that revision holds them, then bring it up to date.

    Raises: UnreadableFile when a table, a column or a value does not fit the revision; Unavailable for a revision that this
    program does not know, which is that of a newer one.
    """
    try:
        migrating.upgrade(settings, revision)
    except CommandError as error:
        raise Unavailable("migration") from error
    engine = database.make_engine(settings, pool_size=1)
    errors = database.sqlite_module().Error
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            for pragma in ("synchronous=OFF", "foreign_keys=OFF"):
                driver.execute(f"PRAGMA {pragma}")  # a copy that is thrown away when anything goes wrong
            driver.execute("BEGIN IMMEDIATE")
            for name, columns, lines in tables:
                _insert(driver, name, columns, lines)
            if driver.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise UnreadableFile("damaged")
            driver.execute("COMMIT")
    except errors as error:
        raise UnreadableFile("damaged") from error
    finally:
        engine.dispose()
    migrating.upgrade(settings)


def _insert(driver: Any, name: str, columns: Columns, lines: Iterable[bytes]) -> None:
    known = {row[1] for row in driver.execute(f"PRAGMA table_info({json.dumps(name)})")}
    if not known or not known.issuperset(column for column, _ in columns):
        raise UnreadableFile("damaged")
    names, marks = ", ".join(f'"{column}"' for column, _ in columns), ", ".join("?" * len(columns))
    kinds = [kind for _, kind in columns]
    driver.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', (values_of(line, kinds) for line in lines))


def is_damaged(settings: BookSettings) -> bool:
    """Whether the file of an SQLite book is none that SQLite can read."""
    file = database.sqlite_file(settings)
    if database.is_postgresql(settings, owner=True) or not file.exists():
        return False
    module = database.sqlite_module()
    connection = module.connect(str(file))
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except module.DatabaseError:
        return True
    finally:
        connection.close()
    return False


def acts_but(settings: BookSettings, *kinds: str) -> int:
    """How many acts a book holds besides those kinds; 0 for a book that does not exist yet. Asks as the owner's role.

    Raises: Unavailable when the database cannot be reached.
    """
    if not database.is_postgresql(settings, owner=True) and not database.sqlite_file(settings).exists():
        return 0
    engine = database.make_engine(settings, owner=True, pool_size=1)
    schema = database.schema_of(settings) if database.is_postgresql(settings, owner=True) else None
    try:
        with engine.connect() as connection:
            if not connection.dialect.has_table(connection, "act", schema=schema):
                return 0
            table = f'"{schema}".act' if schema else "act"
            counts = connection.execute(text(f"SELECT kind, count(*) FROM {table} GROUP BY kind"))
            return sum(count for kind, count in counts if kind not in kinds)
    except SQLAlchemyError as error:
        raise Unavailable("database") from error
    finally:
        engine.dispose()


def pour_sqlite(source: BookSettings, target: BookSettings) -> None:
    """Copy one SQLite book over another, page by page, in one transaction of the target; its readers go on undisturbed.

    Raises: Unavailable when the target stays locked or cannot be written; it is then as it was.
    """
    tries = 0

    def wait(status: int, _left: int, _pages: int) -> None:
        nonlocal tries
        tries += status not in (0, 101)
        if tries > BUSY_TRIES:
            raise Unavailable("contention")

    engines = [database.make_engine(source, pool_size=1), database.make_engine(target, owner=True, pool_size=1)]
    try:
        with engines[0].connect() as reader, engines[1].connect() as writer:
            driver: Any = reader.connection.driver_connection
            driver.backup(writer.connection.driver_connection, progress=wait, sleep=0.25)
    except (database.sqlite_module().Error, SQLAlchemyError) as error:
        raise Unavailable("database") from error
    finally:
        for engine in engines:
            engine.dispose()


def pour_postgresql(source: Unit, target: BookSettings, progress: Callable[[str, int], None]) -> None:
    """Replace all rows of a migrated PostgreSQL book by those of `source`, and read them back, in one transaction.

    The owner's role lifts the guards of append-only tables inside this transaction and sets them again.
    Raises: Unavailable; the target is then as it was.
    """
    schema = database.schema_of(target)
    tables = [f'"{schema}"."{name}"' for name in TABLES]
    guarded = [f'"{schema}"."{name}"' for name in APPEND_ONLY]
    engine = database.make_engine(target, owner=True, pool_size=1)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            cursor = driver.cursor()
            cursor.execute("SET LOCAL statement_timeout = 0")
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {', '.join(tables)}")
            for name in KEPT:
                rows = _copy_in(cursor, schema, source, name)
                progress(name, rows)
            for table in guarded:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            for name in KEPT:
                _compare(cursor, schema, source, name)
            driver.commit()
    except _psycopg_errors() as error:
        raise Unavailable("database") from error
    finally:
        engine.dispose()


def _copy_in(cursor: Any, schema: str, source: Unit, name: str) -> int:
    """One COPY: a reversing act may stand before the act it reverses, as keys are checked when the statement ends."""
    columns, rows = columns_of(name), 0
    kinds = [kind for _, kind in columns]
    names = ", ".join(f'"{column}"' for column, _ in columns)
    with cursor.copy(f'COPY "{schema}"."{name}" ({names}) FROM STDIN') as copy:
        for line in lines_of(source, name):
            copy.write_row(values_of(line, kinds))
            rows += 1
    return rows


def _compare(cursor: Any, schema: str, source: Unit, name: str) -> None:
    columns = columns_of(name)
    kinds, names = [kind for _, kind in columns], ", ".join(f'"{column}"' for column, _ in columns)
    order = ", ".join(f'"{column.name}"' for column in TABLES[name].primary_key)
    reader = cursor.connection.cursor(name="compare")
    reader.itersize = ROWS_AT_ONCE
    reader.execute(f'SELECT {names} FROM "{schema}"."{name}" ORDER BY {order}')
    expected = lines_of(source, name)
    for row in reader:
        if line_of(row, kinds) != next(expected, None):
            raise Unavailable("database")
    if next(expected, None) is not None:
        raise Unavailable("database")
    reader.close()


def _psycopg_errors() -> tuple[type[BaseException], ...]:
    import psycopg

    return (psycopg.Error, SQLAlchemyError)
