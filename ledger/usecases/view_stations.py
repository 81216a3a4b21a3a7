"""Stations in a list, each with its shelf, as everybody may see them."""

from __future__ import annotations

from typing import Any

from ledger.storage import shelves
from ledger.storage.shelves import ShelfLine
from ledger.storage.unit_of_work import Unit


def stations_document(unit: Unit, *, after: str, most: int) -> list[dict[str, Any]]:
    """At most `most` stations behind a code; each as CONTRACT `stock show`."""
    rows = unit.rows(shelves.STATIONS, after=after, most=most)
    filled = shelves.shelves(unit, [row[0] for row in rows])
    return [
        {
            "station": row[0],
            "name": row[1],
            "area": row[2],
            "address": row[3],
            "hours": row[4],
            "shelf": [_line(unit, line) for line in filled.get(row[0], [])],
        }
        for row in rows
    ]


def _line(unit: Unit, line: ShelfLine) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "name": line.name,
        "unit": line.unit,
        "category": line.category,
        "on_shelf": line.on_shelf,
        "reserved": line.reserved,
        "price_points": unit.book.settings.scale.number(line.price_points),
        "cost_fen": line.cost_fen,
        "limit_per_cycle": line.limit_per_cycle,
    }
