"""Creates or upgrades one book's tables, triggers and rights, as the owner's role. Twice is harmless."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from ledger.config import BookSettings
from ledger.domain.errors import Unavailable
from ledger.storage import database
from ledger.storage.migrations import append_only

FOLDER: Final = Path(__file__).parent / "migrations"
HEAD: Final = "0001"


def upgrade(settings: BookSettings, revision: str = "head") -> None:
    """Bring the book to `revision`. Raises Unavailable when the database cannot be reached."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = database.make_engine(settings, owner=True, pool_size=1)
    try:
        if database.is_postgresql(settings, owner=True):
            _upgrade_postgresql(engine, settings, revision)
        else:
            _upgrade_sqlite(engine, revision)
    except OperationalError as error:
        raise Unavailable("database") from error
    finally:
        engine.dispose()


def version_of(connection: Any, schema: str | None) -> str:
    """The revision a book is at, or empty."""
    table = f'"{schema}".schema_version' if schema else "schema_version"
    row = connection.execute(text(f"SELECT version_num FROM {table}")).first()
    return "" if row is None else str(row[0])


def _upgrade_sqlite(engine: Any, revision: str) -> None:
    """Foreign keys are off while tables are rebuilt (inside a transaction the pragma is ignored) and checked afterwards."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys=OFF")
        driver.execute("BEGIN IMMEDIATE")
        _run(connection, None, revision)
        broken = driver.execute("PRAGMA foreign_key_check").fetchall()
        assert not broken, broken
        connection.commit()
        driver.execute("PRAGMA foreign_keys=ON")


def _upgrade_postgresql(engine: Any, settings: BookSettings, revision: str) -> None:
    schema = database.schema_of(settings)
    with engine.connect() as connection:
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        connection.commit()
        _run(connection, schema, revision)
        role = make_url(settings.database_url).username
        owner = make_url(settings.owner_url).username
        if role and role != owner:
            for ddl in append_only.postgresql_rights(schema, role):
                connection.execute(text(ddl))
        connection.commit()


def _run(connection: Any, schema: str | None, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    config.attributes["schema"] = schema
    command.upgrade(config, revision)
