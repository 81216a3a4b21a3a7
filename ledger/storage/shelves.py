"""The shelves of many stations at once, for lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

SHELVES: Final = Statement(
    "SELECT r.station, g.sku, g.name, g.unit, g.category, SUM(a.balance), g.price_points, g.cost_fen, g.limit_per_cycle"
    " FROM {receipt_lot} r JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id JOIN {good} g ON g.sku = r.sku"
    " WHERE r.station IN @stations GROUP BY r.station, g.sku, g.name, g.unit, g.category, g.price_points, g.cost_fen, g.limit_per_cycle"
    " ORDER BY r.station, g.sku"
)
RESERVED: Final = Statement(
    "SELECT h.station, l.sku, SUM(l.quantity) FROM {hold} h JOIN {hold_line} l ON l.hold = h.id"
    " WHERE h.station IN @stations AND h.state = 'held' GROUP BY h.station, l.sku"
)
STATIONS: Final = Statement(
    "SELECT code, name, area, address, hours FROM {station} WHERE code > :after AND status <> 'undone' ORDER BY code LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class ShelfLine:
    """One good at one station; price in smallest steps, cost in fen. `on_shelf` excludes `reserved`."""

    sku: str
    name: str
    unit: str
    category: str
    on_shelf: int
    reserved: int
    price_points: int
    cost_fen: int
    limit_per_cycle: int | None


def shelves(unit: Unit, stations: Sequence[str]) -> dict[str, list[ShelfLine]]:
    """By station, by goods code."""
    reserved = {(station, sku): int(pieces) for station, sku, pieces in unit.rows(RESERVED, stations=list(stations))}
    found: defaultdict[str, list[ShelfLine]] = defaultdict(list)
    for row in unit.rows(SHELVES, stations=list(stations)):
        taken = reserved.get((row[0], row[1]), 0)
        found[row[0]].append(ShelfLine(row[1], row[2], row[3], row[4], int(row[5]), taken, row[6], row[7], row[8]))
    return found
