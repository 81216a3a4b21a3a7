"""The schema as it is in the database against the schema as our code makes it, and the engine's own checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import UniqueConstraint, inspect

from ledger.storage import database
from ledger.storage.migrations import append_only
from ledger.storage.rows import METADATA
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

TRIGGERS_SQLITE: Final = Statement("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
TRIGGERS_POSTGRESQL: Final = Statement(
    "SELECT t.tgname, c.relname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND NOT t.tgisinternal"
)
FUNCTIONS_POSTGRESQL: Final = Statement(
    "SELECT p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = :schema"
)
INVALID_POSTGRESQL: Final = Statement(
    "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = :schema AND NOT (i.indisvalid AND i.indisready)"
    " UNION ALL SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace"
    " WHERE n.nspname = :schema AND NOT k.convalidated"
)
INTEGRITY: Final = Statement("PRAGMA integrity_check(100)")
FOREIGN_KEYS: Final = Statement("PRAGMA foreign_key_check")
LITTLE_CACHE: Final = Statement("PRAGMA cache_size=-2000")
USUAL_CACHE: Final = Statement("PRAGMA cache_size=-16384")
LISTED_MAX: Final = 100

Difference = tuple[str, str, str, str]
"""(table, what kind of thing, expected, found)."""


def differences(unit: Unit) -> Iterator[Difference]:
    """Tables, columns, unique keys, indexes, checks, triggers and functions that are missing or not ours."""
    yield from _tables(unit)
    yield from _sqlite_triggers(unit) if unit.is_sqlite else _postgresql_guards(unit)


def damage(unit: Unit) -> Iterator[tuple[str, str]]:
    """(table, words) for everything the engine itself finds broken. Slow: reads the whole file."""
    if not unit.is_sqlite:
        for (name,) in unit.rows(INVALID_POSTGRESQL, schema=database.schema_of(unit.book.settings)):
            yield name, f"索引或约束 {name} 未生效"
        return
    unit.rows(LITTLE_CACHE)
    try:
        for (words,) in unit.rows(INTEGRITY):
            if words != "ok":
                yield "", str(words)
        for number, (table, row, parent, _) in enumerate(unit.stream(FOREIGN_KEYS)):
            if number < LISTED_MAX:
                yield str(table), f"表 {table} 第 {row} 行所指的 {parent} 不存在"
    finally:
        unit.rows(USUAL_CACHE)


def _tables(unit: Unit) -> Iterator[Difference]:
    inspector: Any = inspect(unit.connection)
    schema = None if unit.is_sqlite else database.schema_of(unit.book.settings)
    present = set(inspector.get_table_names(schema=schema))
    for name, table in METADATA.tables.items():
        if name not in present:
            yield name, "table", name, ""
            continue
        columns = {column["name"] for column in inspector.get_columns(name, schema=schema)}
        for column in table.columns:
            if column.name not in columns:
                yield name, "column", str(column.name), ""
        keys = {tuple(key["column_names"]) for key in inspector.get_unique_constraints(name, schema=schema)}
        indexes = {index["name"]: bool(index["unique"]) for index in inspector.get_indexes(name, schema=schema)}
        for constraint in table.constraints:
            wanted = tuple(column.name for column in constraint.columns) if isinstance(constraint, UniqueConstraint) else ()
            if wanted and wanted not in keys:
                yield name, "unique", ", ".join(wanted), ""
        for index in table.indexes:
            if indexes.get(str(index.name)) is not bool(index.unique):
                yield name, "index", str(index.name), ""


def _sqlite_triggers(unit: Unit) -> Iterator[Difference]:
    found = {name: (table, sql) for name, table, sql in unit.rows(TRIGGERS_SQLITE)}
    for name, ddl in append_only.SQLITE_TRIGGERS.items():
        table, sql = found.pop(name, ("", ""))
        if _spaceless(sql) != _spaceless(ddl):
            yield table or _table_of(ddl), "trigger", ddl, sql
    for name, (table, sql) in found.items():
        yield table, "trigger", "", sql or name


def _postgresql_guards(unit: Unit) -> Iterator[Difference]:
    schema = database.schema_of(unit.book.settings)
    triggers = {name: (table, enabled) for name, table, enabled in unit.rows(TRIGGERS_POSTGRESQL, schema=schema)}
    functions: dict[str, str] = dict(unit.rows(FUNCTIONS_POSTGRESQL, schema=schema))
    for ddl in append_only.postgresql_ddl(schema):
        if match := re.search(r"CREATE TRIGGER (\w+)", ddl):
            table, enabled = triggers.pop(match[1], ("", ""))
            if enabled != "O":
                yield table or _table_of(ddl), "trigger", match[1], enabled
        elif match := re.search(r'FUNCTION "\w+"\.(\w+)\(', ddl):
            body = ddl.split("$$")[1]
            if _spaceless(functions.get(match[1], "")) != _spaceless(body):
                yield "", "function", match[1], functions.get(match[1], "")
    for name, (table, _) in triggers.items():
        yield table, "trigger", "", name


def _table_of(ddl: str) -> str:
    match = re.search(r'(?:ON|BEFORE \w+ ON) (?:"\w+"\.)?(\w+)', ddl)
    return match[1] if match else ""


def _spaceless(text: object) -> str:
    return re.sub(r"\s+", " ", str(text)).strip()
