"""Whether a book can be used now: its database answers and stands at the program's migration."""

from __future__ import annotations

from typing import Final

from ledger.storage.migrating import HEAD
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book

VERSION: Final = Statement("SELECT version_num FROM {schema_version}")


def is_ready(book: Book) -> bool:
    """Raises Unavailable when the database does not answer."""
    return bool(book.read(lambda unit: unit.value(VERSION)) == HEAD)
