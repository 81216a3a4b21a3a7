"""What an operator asks of a book's database: its engine, its version, its newest act, what waits, and what our role may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant
from ledger.storage import cycles, database
from ledger.storage.migrations.append_only import APPEND_ONLY
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

VERSION: Final = Statement("SELECT version_num FROM {schema_version}")
NEWEST: Final = Statement("SELECT max(recorded_at) FROM {act}")
WAITING: Final = Statement("SELECT count(*), min(a.recorded_at) FROM {unsealed} u JOIN {act} a ON a.id = u.act")
SERVER: Final = Statement("SHOW server_version")
JOURNAL_MODE: Final = Statement("PRAGMA journal_mode")
MAY_CHANGE: Final = Statement("SELECT has_table_privilege(:table, 'UPDATE') OR has_table_privilege(:table, 'DELETE')")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """engine: SQLite or PostgreSQL; journal_mode: SQLite's, else empty. revision: the migration the tables are at.

    newest_at: of the last act. unsealed, waiting_since: acts the sealer has not taken, the oldest of them.
    leading: whose lease the scheduler's place is and until when. changeable: append-only tables our role could change.
    """

    engine: str
    engine_version: str
    journal_mode: str
    revision: str
    newest_at: datetime | None
    unsealed: int
    waiting_since: datetime | None
    leading: tuple[str, datetime] | None
    changeable: tuple[str, ...]


def condition(unit: Unit, lease: str) -> Condition:
    """Read everything at one moment. `lease` is the name of the scheduler's lease row."""
    unsealed, since = unit.rows(WAITING)[0]
    newest = unit.value(NEWEST)
    return Condition(
        engine="SQLite" if unit.is_sqlite else "PostgreSQL",
        engine_version=database.sqlite_module().sqlite_version if unit.is_sqlite else str(unit.value(SERVER)),
        journal_mode=str(unit.value(JOURNAL_MODE)) if unit.is_sqlite else "",
        revision=str(unit.value(VERSION) or ""),
        newest_at=None if newest is None else instant(newest),
        unsealed=int(unsealed),
        waiting_since=None if since is None else instant(since),
        leading=cycles.lease(unit, lease),
        changeable=() if unit.is_sqlite else _changeable(unit),
    )


def _changeable(unit: Unit) -> tuple[str, ...]:
    schema = database.schema_of(unit.book.settings)
    return tuple(table for table in APPEND_ONLY if unit.value(MAY_CHANGE, table=f'"{schema}".{table}'))
