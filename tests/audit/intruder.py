"""Somebody with the database: no triggers stop them. What they changed is put back when they leave."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from ledger.storage import database
from ledger.storage.migrations import append_only
from ledger.storage.unit_of_work import Book

Where = dict[str, Any]


class Intruder:
    """Changes and removes rows of either engine behind the ledger's back."""

    def __init__(self, book: Book) -> None:
        self._is_sqlite = not database.is_postgresql(book.settings)
        self._db: Any
        if self._is_sqlite:
            self._db = database.sqlite_module().connect(str(database.sqlite_file(book.settings)), isolation_level=None)
            for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "recursive_triggers=OFF", "busy_timeout=10000"):
                self._db.execute(f"PRAGMA {pragma}")
            for name in append_only.SQLITE_TRIGGERS:
                self._db.execute(f"DROP TRIGGER IF EXISTS {name}")
        else:
            self._db = psycopg.connect(book.settings.database_url.replace("+psycopg", ""), autocommit=True)
            self._db.execute("SET session_replication_role = replica")
            self._db.execute(f'SET search_path = "{database.schema_of(book.settings)}"')
        self._undo: list[tuple[str, list[Any]]] = []

    def leave(self) -> None:
        """Put everything back and go."""
        self.undo()
        if self._is_sqlite:
            for name, ddl in append_only.SQLITE_TRIGGERS.items():
                self._db.execute(f"DROP TRIGGER IF EXISTS {name}")
                self._db.execute(ddl)
        self._db.close()

    def undo(self) -> None:
        """Put everything back and stay."""
        while self._undo:
            self._run(*self._undo.pop())

    # -- looking -----------------------------------------------------------------------------------------------------
    def entry(self, kind: str, *, which: int = 0, **where: Any) -> str:
        """The id of an act of a kind, the first unless another is asked for."""
        found = self._rows("act", {"kind": kind, **where}, "id", "ORDER BY recorded_at, id")
        return str(found[which][0])

    def entries(self, kind: str, **where: Any) -> set[str]:
        return {row[0] for row in self._rows("act", {"kind": kind, **where}, "id")}

    def everything(self) -> set[str]:
        """Every act but those that open a quarter: without them there is nothing to replay."""
        return {row[0] for row in self._run("SELECT id FROM act WHERE kind <> 'cycle_opened'", []).fetchall()}

    def facts(self, entry: str) -> dict[str, Any]:
        return dict(json.loads(self._rows("act", {"id": entry}, "facts")[0][0]))

    def legs(self, entry: str, start: str = "") -> list[tuple[int, str, int]]:
        """(line, account, amount) of an act's postings on accounts that begin so."""
        rows = self._rows("posting", {"act": entry}, "line, account, amount", "ORDER BY line")
        return [(row[0], row[1], row[2]) for row in rows if row[1].startswith(start)]

    # -- changing ----------------------------------------------------------------------------------------------------
    def change(self, table: str, where: Where, **values: Any) -> None:
        """Set columns of exactly one row."""
        columns = ", ".join(values)
        was = self._rows(table, where, columns)
        assert len(was) == 1, (table, where, was)
        sets = ", ".join(f"{name} = ?" for name in values)
        names = " AND ".join(f"{name} = ?" for name in where)
        self._run(f"UPDATE {table} SET {sets} WHERE {names}", [*values.values(), *where.values()])
        after = {name: values.get(name, value) for name, value in where.items()}
        self._undo.append((f"UPDATE {table} SET {sets} WHERE {names}", [*was[0], *after.values()]))

    def tell(self, entry: str, **facts: Any) -> None:
        """Rewrite some of an act's facts."""
        text = json.dumps({**self.facts(entry), **facts}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        self.change("act", {"id": entry}, facts=text)

    def scale_legs(self, entry: str, start: str, amount: int) -> None:
        """Give the two legs of one move another amount, so that the entry still balances. start: of the credited account."""
        line, _path, was = next(leg for leg in self.legs(entry, start) if leg[2] > 0)
        partner = next(leg[0] for leg in self.legs(entry) if abs(leg[0] - line) == 1 and leg[2] == -was)
        self.change("posting", {"act": entry, "line": line}, amount=amount)
        self.change("posting", {"act": entry, "line": partner}, amount=-amount)

    def remove(self, entry: str) -> None:
        """An act and its postings, as if it had never been."""
        for table, where in (("posting", {"act": entry}), ("act", {"id": entry})):
            names = " AND ".join(f"{name} = ?" for name in where)
            for row in self._rows(table, where, "*"):
                marks = ", ".join("?" for _ in row)
                self._undo.append((f"INSERT INTO {table} VALUES ({marks})", list(row)))
            self._run(f"DELETE FROM {table} WHERE {names}", list(where.values()))

    def _rows(self, table: str, where: Where, columns: str, order: str = "") -> list[tuple[Any, ...]]:
        names = " AND ".join(f"{name} = ?" for name in where)
        return list(self._run(f"SELECT {columns} FROM {table} WHERE {names} {order}", list(where.values())).fetchall())

    def _run(self, sql: str, values: list[Any]) -> Any:
        return self._db.execute(sql if self._is_sqlite else sql.replace("?", "%s"), values)
