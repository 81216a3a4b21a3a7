"""Engines, isolation and pragmas; nothing is left to a library default.

SQLite: WAL with synchronous=FULL (NORMAL lost acknowledged writes per power cut when measured), BEGIN IMMEDIATE for every
writing unit (the default let 431 redemptions through where 200 were affordable), recursive_triggers so that REPLACE
meets the append-only triggers. WAL only on versions without the WAL-reset bug (3.7.0–3.51.2).
PostgreSQL: READ COMMITTED, bounded pool per book, lock and statement time-outs set on every connection.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event, pool
from sqlalchemy.engine import URL, make_url

from ledger.config import BookSettings
from ledger.domain.errors import Unavailable

WAL_SAFE_FROM: Final = (3, 51, 3)
BUSY_TIMEOUT_MS: Final = 15_000
PG_OPTIONS: Final = (
    "-c lock_timeout=10000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=120000 "
    "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed -c timezone=UTC"
)


def sqlite_module() -> ModuleType:
    """pysqlite3 where it has a wheel, else the interpreter's own (then without WAL unless its version is fixed)."""
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def sqlite_file(settings: BookSettings) -> Path:
    return settings.folder / "ledger.sqlite3"


def is_postgresql(settings: BookSettings, owner: bool = False) -> bool:
    return (settings.owner_url if owner else settings.database_url).startswith("postgresql")


def schema_of(settings: BookSettings) -> str:
    """The PostgreSQL schema of a book; never `public`."""
    return f"book_{settings.slug}"


def make_engine(settings: BookSettings, *, owner: bool = False, pool_size: int = 8) -> SqlEngine:
    """The engine of one book: the application's role, or the owner's for migrations and restores."""
    if is_postgresql(settings, owner):
        return _postgresql_engine(make_url(settings.owner_url if owner else settings.database_url), schema_of(settings), pool_size)
    return _sqlite_engine(sqlite_file(settings), pool_size)


def _postgresql_engine(url: URL, schema: str, pool_size: int) -> SqlEngine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=pool.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=False,
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        connect_args={"connect_timeout": 5, "options": PG_OPTIONS, "application_name": "ledger"},
        execution_options={"schema_translate_map": {None: schema}},
    )


def _sqlite_engine(file: Path, pool_size: int) -> SqlEngine:
    module = sqlite_module()
    engine = create_engine(
        f"sqlite+pysqlite:///{file}",
        module=module,
        poolclass=pool.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        prepare_sqlite(connection)

    return engine


def prepare_sqlite(connection: Any) -> None:
    """Pragmas of every connection. WAL is refused on a version with the reset bug (DELETE journal then)."""
    cursor = connection.cursor()
    journal = "WAL" if wal_is_safe() else "DELETE"
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"journal_mode={journal}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",
        "secure_delete=ON",
        "trusted_schema=OFF",
        "cache_size=-16384",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def wal_is_safe() -> bool:
    return tuple(sqlite_module().sqlite_version_info) >= WAL_SAFE_FROM


def sqlstate_of(error: BaseException) -> str:
    """PostgreSQL's SQLSTATE of a driver error, or empty text (SQLite, or a lost connection without one)."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) or ""


def check_reachable(settings: BookSettings) -> None:
    """Raises Unavailable when the book's folder or file cannot be used."""
    if is_postgresql(settings):
        return
    if not sqlite_file(settings).exists():
        raise Unavailable("not_initialised")
