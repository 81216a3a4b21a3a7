"""Desks and their counts: what a desk opened with, what stands on the shelf, what went over the counter, what was undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant, micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

_DESK: Final = "id, session, station, opened_at, opened_by, closed_at"
DESK: Final = Statement(f"SELECT {_DESK} FROM {{desk}} WHERE id = :id")
OPEN_DESK_OF: Final = Statement(f"SELECT {_DESK} FROM {{desk}} WHERE session = :session AND closed_at IS NULL ORDER BY id DESC LIMIT 1")
CLOSE: Final = Statement("UPDATE {desk} SET closed_at = :at WHERE id = :id AND closed_at IS NULL")
SESSION: Final = Statement("SELECT id, station, cycle, closes_at FROM {session} WHERE id = :id")
_LOTS: Final = (
    "SELECT r.id, r.sku, g.name, a.balance, r.unit_cost_fen FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id JOIN {good} g ON g.sku = r.sku"
    " WHERE r.station = :station ORDER BY r.sku, r.received_at, r.id"
)
LOTS: Final = Statement(_LOTS, postgresql=f"{_LOTS} FOR UPDATE OF a")
JOURNALLED: Final = Statement(
    "SELECT COALESCE(SUM(CASE WHEN p.account >= 'redeemed/' AND p.account < 'redeemed0' THEN p.amount ELSE 0 END), 0),"
    " COALESCE(SUM(CASE WHEN p.account >= 'handed/' AND p.account < 'handed0' THEN p.amount ELSE 0 END), 0),"
    " COALESCE(SUM(CASE WHEN p.account >= 'spent/' AND p.account < 'spent0' THEN p.amount ELSE 0 END), 0)"
    " FROM {act} a JOIN {posting} p ON p.act = a.id"
    " WHERE a.cycle = :cycle AND a.kind IN ('handed_over','hand_over_reversed') AND a.desk = :desk"
)
RECORDED: Final = Statement(
    "SELECT COUNT(*), COALESCE(SUM(r.points), 0),"
    " COALESCE(SUM((SELECT SUM(l.quantity) FROM {redemption_line} l WHERE l.redemption = r.id)), 0)"
    " FROM {redemption} r WHERE r.station = :station AND r.at >= :since AND r.desk = :desk AND r.reversed_by = ''"
)
REVERSED_BY: Final = Statement(
    "SELECT COUNT(*) FROM {act} WHERE cycle = :cycle AND kind = 'hand_over_reversed' AND session = :session AND actor = :actor"
)
COLLECTED_BY: Final = Statement(
    "SELECT COUNT(DISTINCT subject) FROM {act}"
    " WHERE cycle = :cycle AND kind = 'handed_over' AND session = :session AND collected_by = :agent AND subject <> :holder"
)


@dataclass(frozen=True, slots=True)
class Desk:
    id: str
    session: str
    station: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """One station in one cycle; `closes_at` ends its hand-overs."""

    id: str
    station: str
    cycle: str
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class ShelfLot:
    """A receipt lot at a station with what the book says is left of it, in pieces, and one piece's cost in fen."""

    receipt: str
    sku: str
    name: str
    left: int
    unit_cost_fen: int


@dataclass(frozen=True, slots=True)
class Turnover:
    """What went over one desk's counter and stayed: points in smallest steps, goods in pieces, cost in fen."""

    hand_overs: int
    points: int
    pieces: int
    cost_fen: int


def desk(unit: Unit, id: str) -> Desk | None:
    return _desk(unit.row(DESK, id=id))


def open_desk_of(unit: Unit, session: str) -> Desk | None:
    """The session's open desk, the latest if there are several."""
    return _desk(unit.row(OPEN_DESK_OF, session=session))


def close(unit: Unit, id: str, now: datetime) -> bool:
    """False when somebody closed it before."""
    return unit.change(CLOSE, id=id, at=micros(now)) == 1


def session(unit: Unit, id: str) -> Session | None:
    row = unit.row(SESSION, id=id)
    return None if row is None else Session(row[0], row[1], row[2], instant(row[3]))


def shelf_lots(unit: Unit, station: str) -> list[ShelfLot]:
    """Every receipt lot a station ever had, oldest first per good; nobody else moves them until this unit ends."""
    return [ShelfLot(*row) for row in unit.rows(LOTS, station=station)]


def turnover(unit: Unit, found: Desk, cycle: str) -> tuple[Turnover, bool]:
    """A desk's turnover by the journal, and whether the desk's own records say the same."""
    points, pieces, cost_fen = (int(value) for value in unit.row(JOURNALLED, cycle=cycle, desk=found.id) or (0, 0, 0))
    row = unit.row(RECORDED, station=found.station, since=micros(found.opened_at), desk=found.id)
    hand_overs, recorded_points, recorded_pieces = (int(value) for value in row or (0, 0, 0))
    return Turnover(hand_overs, points, pieces, cost_fen), (points, pieces) == (recorded_points, recorded_pieces)


def reversals_by(unit: Unit, *, cycle: str, session: str, actor: str) -> int:
    """How many hand-overs of a session somebody took back."""
    return int(unit.value(REVERSED_BY, cycle=cycle, session=session, actor=actor))


def others_collected_for(unit: Unit, *, cycle: str, session: str, agent: str, holder: str) -> int:
    """For how many people other than `holder` an agent already collected in a session."""
    return int(unit.value(COLLECTED_BY, cycle=cycle, session=session, agent=agent, holder=holder))


def _desk(row: Row | None) -> Desk | None:
    if row is None:
        return None
    return Desk(row[0], row[1], row[2], instant(row[3]), row[4], None if row[5] is None else instant(row[5]))
