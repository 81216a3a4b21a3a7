"""What the genesis act fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

FOUNDED: Final = Statement("SELECT slug, decimals, hash, zone, currency FROM {book}")
INSERT: Final = Statement(
    "INSERT INTO {book} (slug, genesis, decimals, hash, zone, currency, created_at)"
    " VALUES (:book, :genesis, :decimals, :hash, :zone, :currency, :at)"
)


def founded(unit: Unit) -> dict[str, Any] | None:
    """Slug, decimals, hash, zone and currency of this book, or None before its genesis."""
    row = unit.row(FOUNDED)
    return None if row is None else dict(zip(("slug", "decimals", "hash", "zone", "currency"), row, strict=True))


def insert(unit: Unit, *, genesis: str, at: int, facts: Mapping[str, Any]) -> None:
    unit.change(INSERT, genesis=genesis, at=at, **facts)
