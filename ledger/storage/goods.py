"""Stations, shelves, holds and redemptions: what the desk reads and writes, each a statement built once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import instant, micros
from ledger.domain.lot import Lot
from ledger.domain.redemption import Item, Line, Offer, Receipt
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

STATION: Final = Statement("SELECT code, name, area, address, hours, status FROM {station} WHERE code = :code")
STATIONS: Final = Statement("SELECT code, name, area, address, hours, status FROM {station} WHERE code > :after ORDER BY code LIMIT :most")
GOOD_NAME: Final = Statement("SELECT name FROM {good} WHERE sku = :sku")
OFFERS: Final = Statement(
    "SELECT g.sku, g.name, g.unit, g.price_points, g.limit_per_cycle, COALESCE(a.taken, 0) FROM {good} g"
    " LEFT JOIN {allowance} a ON a.sku = g.sku AND a.holder = :holder AND a.cycle = :cycle WHERE g.sku IN @skus AND g.status = 'open'"
)
RECEIPTS: Final = Statement(
    "SELECT r.id, r.sku, a.balance, r.unit_cost_fen, r.source FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id"
    " WHERE r.station = :station AND r.sku IN @skus AND a.balance > 0 ORDER BY r.sku, r.received_at, r.id"
)
RECEIPT_COST: Final = Statement("SELECT source, unit_cost_fen FROM {receipt_lot} WHERE id = :id")
SHELF: Final = Statement(
    "SELECT g.sku, g.name, g.unit, g.category, SUM(a.balance), g.price_points, g.cost_fen, g.limit_per_cycle FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id JOIN {good} g ON g.sku = r.sku"
    " WHERE r.station = :station GROUP BY g.sku, g.name, g.unit, g.category, g.price_points, g.cost_fen, g.limit_per_cycle ORDER BY g.sku"
)
RESERVED: Final = Statement(
    "SELECT l.sku, SUM(l.quantity) FROM {hold} h JOIN {hold_line} l ON l.hold = h.id"
    " WHERE h.station = :station AND h.state = 'held' GROUP BY l.sku"
)
LOTS: Final = Statement("SELECT path, balance, expires_at FROM {account} WHERE path >= :low AND path < :high AND balance > 0")
BALANCES: Final = Statement("SELECT path, balance FROM {account} WHERE path >= :low AND path < :high")
BALANCE: Final = Statement("SELECT balance FROM {account} WHERE path = :path")
OVER: Final = Statement("SELECT path FROM {account} WHERE path IN @paths AND expires_at <= :now")
HELD_POINTS: Final = Statement("SELECT COALESCE(SUM(points), 0) FROM {hold} WHERE holder = :holder AND state = 'held'")
ALLOW: Final = Statement(
    "INSERT INTO {allowance} AS a (holder, cycle, sku, taken) VALUES (:holder, :cycle, :sku, :quantity)"
    " ON CONFLICT (holder, cycle, sku) DO UPDATE SET taken = a.taken + :quantity WHERE a.taken + :quantity <= :limit"
)
GIVE_BACK: Final = Statement("UPDATE {allowance} SET taken = taken - :quantity WHERE holder = :holder AND cycle = :cycle AND sku = :sku")

INSERT_HOLD: Final = Statement(
    "INSERT INTO {hold} (id, holder, station, session, cycle, points, state, placed_at, expires_at, resolved_by, resolved_at)"
    " VALUES (:id, :holder, :station, :session, :cycle, :points, 'held', :placed_at, :expires_at, '', NULL)"
)
INSERT_HOLD_LINE: Final = Statement(
    "INSERT INTO {hold_line} (hold, sku, quantity, price_points) VALUES (:hold, :sku, :quantity, :price_points)"
)
HOLD: Final = Statement(
    "SELECT id, holder, station, session, cycle, points, state, placed_at, expires_at, resolved_by, resolved_at FROM {hold} WHERE id = :id"
)
HOLD_LINES: Final = Statement(
    "SELECT l.sku, g.name, l.quantity, l.price_points FROM {hold_line} l JOIN {good} g ON g.sku = l.sku WHERE l.hold = :hold ORDER BY l.sku"
)
RESOLVE_HOLD: Final = Statement("UPDATE {hold} SET state = :state, resolved_by = :act, resolved_at = :at WHERE id = :id AND state = 'held'")
OPEN_HOLDS: Final = Statement(
    "SELECT id, holder FROM {hold} WHERE state = 'held' AND (expires_at <= :now OR cycle = :cycle) ORDER BY expires_at, id LIMIT :most"
)
HOLDS_OF: Final = Statement(
    "SELECT id, holder, station, session, cycle, points, state, placed_at, expires_at, resolved_by, resolved_at FROM {hold}"
    " WHERE holder = :holder AND state = 'held' ORDER BY placed_at"
)
INSERT_REDEMPTION: Final = Statement(
    "INSERT INTO {redemption} (id, receipt, hold, holder, station, session, desk, keeper, cycle, points, at, reversed_by)"
    " VALUES (:id, :receipt, :hold, :holder, :station, :session, :desk, :keeper, :cycle, :points, :at, '')"
)
INSERT_REDEMPTION_LINE: Final = Statement(
    "INSERT INTO {redemption_line} (redemption, sku, quantity, price_points) VALUES (:redemption, :sku, :quantity, :price_points)"
)
REDEMPTION: Final = Statement(
    "SELECT id, receipt, hold, holder, station, session, desk, keeper, cycle, points, at, reversed_by FROM {redemption}"
    " WHERE id = :id OR receipt = :id"
)
REDEMPTION_LINES: Final = Statement(
    "SELECT l.sku, g.name, l.quantity, l.price_points FROM {redemption_line} l JOIN {good} g ON g.sku = l.sku"
    " WHERE l.redemption = :id ORDER BY l.sku"
)
REVERSE_REDEMPTION: Final = Statement("UPDATE {redemption} SET reversed_by = :act WHERE id = :id AND reversed_by = ''")
LAST_REDEMPTION: Final = Statement(
    "SELECT id, receipt, hold, holder, station, session, desk, keeper, cycle, points, at, reversed_by FROM {redemption}"
    " WHERE holder = :holder ORDER BY at DESC LIMIT 1"
)
REDEMPTIONS_AT: Final = Statement(
    "SELECT id, receipt, hold, holder, station, session, desk, keeper, cycle, points, at, reversed_by FROM {redemption}"
    " WHERE station = :station AND at >= :since ORDER BY at DESC LIMIT :most"
)
OPEN_SESSION: Final = Statement(
    "INSERT INTO {session} (id, station, cycle, kind, name, opens_at, closes_at)"
    " VALUES (:id, :station, :cycle, 'standing', '', :opens_at, :closes_at)"
    " ON CONFLICT (id) DO NOTHING"
)
SESSION_DESK: Final = Statement(
    "SELECT s.closes_at, (SELECT MAX(d.id) FROM {desk} d WHERE d.session = s.id AND d.closed_at IS NULL) FROM {session} s WHERE s.id = :id"
)
LOCK_SESSION: Final = Statement(
    "SELECT id FROM {session} WHERE id = :id",
    postgresql="SELECT id FROM {session} WHERE id = :id FOR UPDATE",
)
OPEN_DESK: Final = Statement(
    "INSERT INTO {desk} (id, session, station, opened_at, opened_by, closed_at) VALUES (:id, :session, :station, :at, :by, NULL)"
    " ON CONFLICT (id) DO NOTHING"
)
DESKS_OF: Final = Statement("SELECT COUNT(*) FROM {desk} WHERE session = :session")
USE_PASS: Final = Statement(
    "INSERT INTO {pass_use} (nonce, purpose, subject, used_at, station, by, act)"
    " VALUES (:nonce, :purpose, :subject, :at, :station, :by, :act)"
    " ON CONFLICT (nonce) DO NOTHING"
)
PASS_USE: Final = Statement("SELECT used_at, station, by FROM {pass_use} WHERE nonce = :nonce")
KEEP_CODE: Final = Statement(
    "INSERT INTO {spoken_code} (digest, purpose, subject, nonce, expires_at, used_at)"
    " VALUES (:digest, :purpose, :subject, :nonce, :expires_at, NULL)"
    " ON CONFLICT (digest) DO NOTHING"
)
SPOKEN: Final = Statement("SELECT purpose, subject, nonce, expires_at, used_at FROM {spoken_code} WHERE digest = :digest")
SWEEP_CODES: Final = Statement("DELETE FROM {spoken_code} WHERE expires_at < :before")
LAPSING: Final = Statement(
    "SELECT path, balance, expires_at FROM {account} WHERE expires_at <= :now AND balance > 0 AND path >= 'wallet/' AND path < 'wallet0'"
    " ORDER BY path LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Station:
    code: str
    name: str
    area: str
    address: str
    hours: str
    status: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation. `points` in steps; times aware UTC."""

    id: str
    holder: str
    station: str
    session: str
    cycle: str
    points: int
    state: str
    placed_at: datetime
    expires_at: datetime
    resolved_by: str
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Redemption:
    id: str
    receipt: str
    hold: str
    holder: str
    station: str
    session: str
    desk: str
    keeper: str
    cycle: str
    points: int
    at: datetime
    reversed_by: str


def station(unit: Unit, code: str) -> Station | None:
    row = unit.row(STATION, code=code)
    return None if row is None else Station(*row)


def good_name(unit: Unit, sku: str) -> str:
    return unit.value(GOOD_NAME, sku=sku) or ""


def offers(unit: Unit, items: Sequence[Item], holder: str, cycle: str) -> dict[str, Offer]:
    """Present prices and limits of the goods asked for, with what the holder already took in the cycle."""
    rows = unit.rows(OFFERS, holder=holder, cycle=cycle, skus=[i.sku for i in items])
    return {r[0]: Offer(sku=r[0], name=r[1], unit=r[2], price_points=r[3], limit_per_cycle=r[4], taken=r[5]) for r in rows}


def receipts(unit: Unit, station: str, items: Sequence[Item]) -> list[Receipt]:
    """Receipt lots with pieces left at the station, oldest first per good."""
    return [Receipt(*row) for row in unit.rows(RECEIPTS, station=station, skus=[i.sku for i in items])]


def receipt_cost(unit: Unit, id: str) -> tuple[str, int]:
    """Funding source and unit cost (fen) of a receipt lot."""
    row = unit.row(RECEIPT_COST, id=id)
    assert row is not None, id
    return row[0], row[1]


def lots(unit: Unit, family: str, holder: str) -> list[Lot]:
    """A holder's lots with points left. family: wallet or pending."""
    low = f"{family}/{holder}/"
    return [
        Lot(path[len(low) :], balance, None if at is None else instant(at))
        for path, balance, at in unit.rows(LOTS, low=low, high=low[:-1] + "0")
    ]


def balance(unit: Unit, path: str) -> int:
    """The cached balance of an account; 0 when it does not exist yet."""
    return unit.value(BALANCE, path=path) or 0


def lots_over(unit: Unit, paths: Sequence[str], now: datetime) -> set[str]:
    """Those of these wallet accounts whose lot has lapsed or is due to."""
    return {row[0] for row in unit.rows(OVER, paths=list(paths), now=micros(now))}


def held_points(unit: Unit, holder: str) -> int:
    return int(unit.value(HELD_POINTS, holder=holder))


def allow(unit: Unit, *, holder: str, cycle: str, item: Item, limit: int | None) -> bool:
    """Count pieces against the limit by a guarded update; False when the limit would be passed."""
    most = 1 << 60 if limit is None else limit
    return item.quantity <= most and unit.change(ALLOW, holder=holder, cycle=cycle, sku=item.sku, quantity=item.quantity, limit=most) == 1


def give_back(unit: Unit, *, holder: str, cycle: str, items: Sequence[Item]) -> None:
    for item in items:
        unit.change(GIVE_BACK, holder=holder, cycle=cycle, sku=item.sku, quantity=item.quantity)


def insert_hold(unit: Unit, hold: Hold, lines: Sequence[Line]) -> None:
    unit.change(
        INSERT_HOLD, id=hold.id, holder=hold.holder, station=hold.station, session=hold.session, cycle=hold.cycle,
        points=hold.points, placed_at=micros(hold.placed_at), expires_at=micros(hold.expires_at),
    )  # fmt: skip
    unit.change_many(INSERT_HOLD_LINE, [_line(hold=hold.id, line=line) for line in lines])


def insert_redemption(unit: Unit, done: Redemption, lines: Sequence[Line]) -> None:
    unit.change(
        INSERT_REDEMPTION, id=done.id, receipt=done.receipt, hold=done.hold, holder=done.holder, station=done.station,
        session=done.session, desk=done.desk, keeper=done.keeper, cycle=done.cycle, points=done.points, at=micros(done.at),
    )  # fmt: skip
    unit.change_many(INSERT_REDEMPTION_LINE, [_line(redemption=done.id, line=line) for line in lines])


def _line(*, line: Line, **owner: str) -> dict[str, Any]:
    return {**owner, "sku": line.sku, "quantity": line.quantity, "price_points": line.price_points}


def hold(unit: Unit, id: str) -> Hold | None:
    row = unit.row(HOLD, id=id)
    return None if row is None else _hold(row)


def _hold(row: Row) -> Hold:
    resolved_at = None if row[10] is None else instant(row[10])
    return Hold(row[0], row[1], row[2], row[3], row[4], row[5], row[6], instant(row[7]), instant(row[8]), row[9], resolved_at)


def holds_of(unit: Unit, holder: str) -> list[Hold]:
    """A holder's open holds, oldest first."""
    return [_hold(row) for row in unit.rows(HOLDS_OF, holder=holder)]


def hold_lines(unit: Unit, id: str) -> tuple[Line, ...]:
    return tuple(Line(*row) for row in unit.rows(HOLD_LINES, hold=id))


def resolve_hold(unit: Unit, id: str, *, state: str, act: str, now: datetime) -> bool:
    """Settle, void or expire a hold; False when it already was."""
    return unit.change(RESOLVE_HOLD, id=id, state=state, act=act, at=micros(now)) == 1


def redemption(unit: Unit, id: str) -> Redemption | None:
    """A hand-over by its id or its receipt."""
    row = unit.row(REDEMPTION, id=id)
    return None if row is None else _redemption(row)


def _redemption(row: Row) -> Redemption:
    return Redemption(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], instant(row[10]), row[11])


def redemption_lines(unit: Unit, id: str) -> tuple[Line, ...]:
    return tuple(Line(*row) for row in unit.rows(REDEMPTION_LINES, id=id))


def last_redemption(unit: Unit, holder: str) -> Redemption | None:
    row = unit.row(LAST_REDEMPTION, holder=holder)
    return None if row is None else _redemption(row)


def redemptions_at(unit: Unit, station: str, since: datetime, most: int) -> list[Redemption]:
    """A station's hand-overs since a moment, newest first."""
    return [_redemption(row) for row in unit.rows(REDEMPTIONS_AT, station=station, since=micros(since), most=most)]


def use_pass(unit: Unit, *, nonce: str, purpose: str, subject: str, now: datetime, station: str, by: str, act: str) -> bool:
    """Use up a single-use pass; False when it was used before."""
    return unit.change(USE_PASS, nonce=nonce, purpose=purpose, subject=subject, at=micros(now), station=station, by=by, act=act) == 1
