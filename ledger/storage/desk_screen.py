"""What a station's screens read beside the hand-over itself: the shelf as one person meets it, last hand-overs, what waits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import instant, micros
from ledger.storage import goods
from ledger.storage.goods import Hold, Redemption
from ledger.storage.request_keys import FIND
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

SHELF_FOR: Final = Statement(
    "SELECT g.sku, g.name, g.unit, SUM(a.balance), g.price_points, g.limit_per_cycle, COALESCE(w.taken, 0) FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id JOIN {good} g ON g.sku = r.sku"
    " LEFT JOIN {allowance} w ON w.sku = g.sku AND w.holder = :holder AND w.cycle = :cycle"
    " WHERE r.station = :station AND g.status = 'open'"
    " GROUP BY g.sku, g.name, g.unit, g.price_points, g.limit_per_cycle, w.taken ORDER BY g.sku"
)
RECEIPT_LOTS: Final = Statement(
    "SELECT r.id, g.sku, g.name, g.unit, r.source, r.invoice, r.unit_cost_fen, r.quantity, r.received_at, COALESCE(a.balance, 0)"
    " FROM {receipt_lot} r JOIN {good} g ON g.sku = r.sku LEFT JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id"
    " WHERE r.station = :station AND (:sku = '' OR r.sku = :sku) ORDER BY r.received_at DESC, r.id DESC LIMIT :most"
)
LAST_BY_KEEPER: Final = Statement(
    "SELECT id FROM {redemption} WHERE station = :station AND at >= :since AND keeper = :keeper AND reversed_by = ''"
    " ORDER BY at DESC, id DESC LIMIT 1"
)
LAST_OF: Final = Statement("SELECT id FROM {redemption} WHERE holder = :holder AND reversed_by = '' ORDER BY at DESC, id DESC LIMIT 1")
HANDED_SINCE: Final = Statement("SELECT COUNT(*) FROM {redemption} WHERE station = :station AND at >= :since AND reversed_by = ''")
HELD_AT: Final = Statement(
    "SELECT id, holder, station, session, cycle, points, state, placed_at, expires_at, resolved_by, resolved_at FROM {hold}"
    " WHERE state = 'held' AND station = :station AND expires_at > :now ORDER BY placed_at, id LIMIT :most"
)
HELD_COUNT: Final = Statement("SELECT COUNT(*) FROM {hold} WHERE state = 'held' AND station = :station AND expires_at > :now")
DESK: Final = Statement(
    "SELECT id, opened_at, opened_by FROM {desk} WHERE session = :session AND closed_at IS NULL ORDER BY id DESC LIMIT 1"
)
REDEMPTION_UNITS: Final = Statement(
    "SELECT l.sku, g.name, g.unit, l.quantity, l.price_points FROM {redemption_line} l JOIN {good} g ON g.sku = l.sku"
    " WHERE l.redemption = :id ORDER BY l.sku"
)
HOLD_UNITS: Final = Statement(
    "SELECT l.sku, g.name, g.unit, l.quantity, l.price_points FROM {hold_line} l JOIN {good} g ON g.sku = l.sku"
    " WHERE l.hold = :id ORDER BY l.sku"
)


@dataclass(frozen=True, slots=True)
class ShelfGood:
    """A good at a station as one person meets it: pieces left (reserved ones excluded) and pieces taken this cycle."""

    sku: str
    name: str
    unit: str
    left: int
    price_points: int
    limit_per_cycle: int | None
    taken: int

    def most(self, spendable_points: int) -> int:
        """How many pieces the person may take now."""
        within = self.left if self.limit_per_cycle is None else min(self.left, self.limit_per_cycle - self.taken)
        return max(0, min(within, spendable_points // self.price_points))


@dataclass(frozen=True, slots=True)
class Piece:
    """A line of a hold or a hand-over with its unit of count."""

    sku: str
    name: str
    unit: str
    quantity: int
    price_points: int

    @property
    def points(self) -> int:
        return self.quantity * self.price_points


@dataclass(frozen=True, slots=True)
class ReceiptLot:
    """Goods that came in together, and how many of them are left on the shelf (reserved ones excluded)."""

    id: str
    sku: str
    name: str
    unit: str
    source: str
    invoice: str
    unit_cost_fen: int
    quantity: int
    received_at: datetime
    left: int


@dataclass(frozen=True, slots=True)
class OpenDesk:
    id: str
    opened_at: datetime
    opened_by: str


def shelf_for(unit: Unit, *, station: str, holder: str, cycle: str) -> list[ShelfGood]:
    return [
        ShelfGood(r[0], r[1], r[2], int(r[3]), r[4], r[5], r[6]) for r in unit.rows(SHELF_FOR, station=station, holder=holder, cycle=cycle)
    ]


def receipt_lots(unit: Unit, station: str, *, sku: str = "", most: int = 500) -> list[ReceiptLot]:
    """What came in at a station, newest first."""
    rows = unit.rows(RECEIPT_LOTS, station=station, sku=sku, most=most)
    return [ReceiptLot(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], instant(r[8]), int(r[9])) for r in rows]


def last_by_keeper(unit: Unit, *, station: str, keeper: str, since: datetime) -> Redemption | None:
    """The newest hand-over that stands, made by this keeper here since a moment."""
    id = unit.value(LAST_BY_KEEPER, station=station, keeper=keeper, since=micros(since))
    return None if id is None else goods.redemption(unit, id)


def last_of(unit: Unit, holder: str) -> Redemption | None:
    """A holder's newest hand-over that stands."""
    id = unit.value(LAST_OF, holder=holder)
    return None if id is None else goods.redemption(unit, id)


def handed_since(unit: Unit, station: str, since: datetime) -> int:
    return int(unit.value(HANDED_SINCE, station=station, since=micros(since)))


def held_at(unit: Unit, station: str, now: datetime, most: int = 50) -> list[Hold]:
    """Holds that wait at a station, oldest first."""
    rows = unit.rows(HELD_AT, station=station, now=micros(now), most=most)
    return [Hold(r[0], r[1], r[2], r[3], r[4], r[5], r[6], instant(r[7]), instant(r[8]), r[9], None) for r in rows]


def held_count(unit: Unit, station: str, now: datetime) -> int:
    return int(unit.value(HELD_COUNT, station=station, now=micros(now)))


def open_desk(unit: Unit, session: str) -> OpenDesk | None:
    row = unit.row(DESK, session=session)
    return None if row is None else OpenDesk(row[0], instant(row[1]), row[2])


def redemption_pieces(unit: Unit, id: str) -> tuple[Piece, ...]:
    return tuple(Piece(*row) for row in unit.rows(REDEMPTION_UNITS, id=id))


def hold_pieces(unit: Unit, id: str) -> tuple[Piece, ...]:
    return tuple(Piece(*row) for row in unit.rows(HOLD_UNITS, id=id))


def answer_kept(unit: Unit, *, actor: str, key: str) -> dict[str, Any] | None:
    """The answer a request key got, whatever its body: None while it has none."""
    row = unit.row(FIND, actor=actor, request=key)
    if row is None or not row[1]:
        return None
    answer: dict[str, Any] = json.loads(row[1])
    return answer
