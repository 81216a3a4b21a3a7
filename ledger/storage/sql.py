"""Statements written once for both engines.

A statement names tables as `{act}`, parameters as `:name` and lists as `@name` (after IN). It is compiled once per book:
SQLite takes it nearly as written, PostgreSQL gets the book's schema before each table and psycopg's parameter marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

Engine = Literal["sqlite", "postgresql"]

_TABLE: Final = re.compile(r"\{(\w+)\}")
_PARAMETER: Final = re.compile(r"(?<![:\w]):(\w+)")
_LIST: Final = re.compile(r"@(\w+)")


class Statement:
    """One SQL text. Identity is its hash, so keep statements as module constants."""

    __slots__ = ("postgresql", "sqlite")

    def __init__(self, text: str, *, postgresql: str | None = None) -> None:
        self.sqlite = text
        self.postgresql = postgresql or text


class Compiler:
    """Turns statements into the driver's text for one book, and keeps it."""

    def __init__(self, engine: Engine, schema: str) -> None:
        self.engine = engine
        self._schema = schema
        self._texts: dict[Statement, str] = {}
        self._with_lists: set[Statement] = set()

    def text(self, statement: Statement) -> str:
        known = self._texts.get(statement)
        if known is None:
            known = self._texts[statement] = self._compile(statement)
            if self.engine == "sqlite" and _LIST.search(statement.sqlite):
                self._with_lists.add(statement)
        return known

    def _compile(self, statement: Statement) -> str:
        if self.engine == "sqlite":
            text = _TABLE.sub(r"\1", statement.sqlite)
            return _LIST.sub(r"(SELECT value FROM json_each(:\1))", text)
        text = statement.postgresql.replace("%", "%%")
        text = _TABLE.sub(rf'"{self._schema}".\1', text)
        text = _PARAMETER.sub(r"%(\1)s", text)
        return _LIST.sub(r"(SELECT unnest(%(\1)s::text[]))", text)

    def parameters(self, statement: Statement, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Lists go to SQLite as JSON text and to PostgreSQL as arrays. `statement` was compiled before."""
        if statement not in self._with_lists:
            return values
        return {name: json.dumps(list(value)) if isinstance(value, list | tuple) else value for name, value in values.items()}
