"""What a resident's own pages read beside balances: the kept mode, the newest lines, stations nearby, the codes of a hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant, micros
from ledger.storage.goods import Station
from ledger.storage.sql import Statement
from ledger.storage.statements import StatementLine
from ledger.storage.unit_of_work import Row, Unit

NEWEST: Final = (1 << 62, "~")
"""A cursor that stands after every line."""

MODE: Final = Statement("SELECT 1 FROM {membership} WHERE holder = :id AND kind = 'mode' AND target = :mode AND until_at IS NULL LIMIT 1")
ENTER_MODE: Final = Statement(
    "INSERT INTO {membership} (holder, kind, target, from_at, until_at, batch) VALUES (:id, 'mode', :mode, :now, NULL, '')"
    " ON CONFLICT (holder, kind, target, from_at) DO UPDATE SET until_at = NULL"
)
LEAVE_MODE: Final = Statement(
    "UPDATE {membership} SET until_at = :now WHERE holder = :id AND kind = 'mode' AND target = :mode AND until_at IS NULL"
)
_LINE: Final = (
    "a.id, a.recorded_at, a.occurred_at, a.kind, a.rule, a.rule_version, a.clause, a.evidence, a.station, a.facts, a.actor,"
    " COALESCE((SELECT SUM(p.amount) FROM {posting} p WHERE p.act = a.id AND p.account >= :wallet_low AND p.account < :wallet_high), 0),"
    " COALESCE((SELECT SUM(p.amount) FROM {posting} p WHERE p.act = a.id AND p.account >= :pending_low AND p.account < :pending_high), 0),"
    " a.cycle, a.reverses, a.resolves"
)
_MOVES: Final = " AND a.kind <> 'service_served' AND EXISTS (SELECT 1 FROM {posting} p WHERE p.act = a.id)"
LATEST: Final = Statement(
    f"SELECT {_LINE} FROM {{act}} a WHERE a.subject = :holder AND (a.recorded_at, a.id) < (:before_at, :before_id)"
    + _MOVES
    + " ORDER BY a.recorded_at DESC, a.id DESC LIMIT :most"
)
ONE_LINE: Final = Statement(f"SELECT {_LINE} FROM {{act}} a WHERE a.subject = :holder AND a.id = :entry")
WALLET_BEFORE: Final = Statement(
    "SELECT COALESCE(SUM(p.amount), 0) FROM {posting} p JOIN {act} a ON a.id = p.act WHERE p.account >= :low AND p.account < :high"
    " AND (a.recorded_at, a.id) < (:before_at, :before_id)"
)
STATIONS_OF_POOL: Final = Statement(
    "SELECT s.code, s.name, s.area, s.address, s.hours, s.status FROM {station} s WHERE s.status = 'open'"
    " AND (s.area = :pool OR s.area IN (SELECT code FROM {area} WHERE pool = :pool AND until_at IS NULL)) ORDER BY s.code LIMIT :most"
)
SEARCH_STATIONS: Final = Statement(
    "SELECT s.code, s.name, s.area, s.address, s.hours, s.status FROM {station} s LEFT JOIN {area} c ON c.code = s.area"
    " WHERE s.status = 'open' AND s.code > :after AND (s.name LIKE :like OR s.address LIKE :like OR s.code LIKE :like OR c.path LIKE :like)"
    " ORDER BY s.code LIMIT :most"
)
RESULT_OF: Final = Statement("SELECT receipt FROM {redemption} WHERE hold = :hold AND reversed_by = '' ORDER BY at DESC LIMIT 1")
SPOKEN_DIGEST: Final = Statement("SELECT digest FROM {spoken_code} WHERE digest = :digest")
RECEIPT_BY_PASS: Final = Statement("SELECT r.receipt FROM {pass_use} u JOIN {redemption} r ON r.id = u.act WHERE u.nonce = :nonce")
UNITS: Final = Statement("SELECT sku, unit FROM {good} WHERE sku IN @skus")
NOTICE_LINE_OF_ACT: Final = Statement("SELECT cycle, line FROM {notice_line} WHERE earned_act = :act")
NOTICE_LINE: Final = Statement("SELECT holder, earned_act FROM {notice_line} WHERE cycle = :cycle AND line = :line")
LINES_OF_HOLDER: Final = Statement("SELECT line FROM {notice_line} WHERE cycle = :cycle AND holder = :holder ORDER BY line LIMIT :most")
LINES_BY_TAIL: Final = Statement(
    "SELECT l.line FROM {notice_line} l JOIN {card} c ON c.holder = l.holder AND c.status = 'active'"
    " WHERE l.cycle = :cycle AND (:pool = '' OR l.pool = :pool) AND c.number LIKE :tail ORDER BY l.line LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Page:
    """Lines newest first, with the cursor of the page after, or None."""

    lines: tuple[StatementLine, ...]
    next: tuple[int, str] | None


def is_in_mode(unit: Unit, id: str, mode: str) -> bool:
    return unit.value(MODE, id=id, mode=mode) is not None


def latest(unit: Unit, holder: str, *, before: tuple[int, str] = NEWEST, most: int = 20) -> Page:
    """A holder's lines that moved points or goods, newest first, each with the wallet after it. Honour minutes alone make no line."""
    ranges = _ranges(holder)
    at, id = before
    rows = unit.rows(LATEST, holder=holder, before_at=at, before_id=id, most=most + 1, **ranges)
    shown = rows[:most]
    # The wallet after a line is the sum of the postings up to it; the newest of this page is where counting down begins.
    low, high = ranges["wallet_low"], ranges["wallet_high"]
    running = int(unit.value(WALLET_BEFORE, low=low, high=high, before_at=at, before_id=id))
    lines = []
    for row in shown:
        lines.append(_line(row, running))
        running -= int(row[11])
    return Page(tuple(lines), (shown[-1][1], shown[-1][0]) if len(rows) > most else None)


def line(unit: Unit, holder: str, entry: str) -> StatementLine | None:
    """One line of a holder by its entry; its `balance` is the wallet after it."""
    ranges = _ranges(holder)
    row = unit.row(ONE_LINE, holder=holder, entry=entry, **ranges)
    if row is None:
        return None
    low, high = ranges["wallet_low"], ranges["wallet_high"]
    before = int(unit.value(WALLET_BEFORE, low=low, high=high, before_at=row[1], before_id=row[0]))
    return _line(row, before + int(row[11]))


def stations_of(unit: Unit, pool: str, most: int = 100) -> list[Station]:
    """Open stations of a community and the grids under it, by code."""
    return [Station(*row) for row in unit.rows(STATIONS_OF_POOL, pool=pool, most=most)]


def search_stations(unit: Unit, text: str, *, after: str = "", most: int = 20) -> list[Station]:
    """Open stations whose name, address, code or area holds the text, by code."""
    plain = text.replace("%", "").replace("_", "")
    if not plain:
        return []
    like = f"%{plain}%"
    return [Station(*row) for row in unit.rows(SEARCH_STATIONS, like=like, after=after, most=most)]


def receipt_of_hold(unit: Unit, hold: str) -> str:
    """The receipt a hold was collected with, or empty."""
    return unit.value(RESULT_OF, hold=hold) or ""


def receipt_of_pass(unit: Unit, nonce: str) -> str:
    """The receipt of the hand-over that used up a pass, or empty."""
    return unit.value(RECEIPT_BY_PASS, nonce=nonce) or ""


def units_of(unit: Unit, skus: list[str]) -> dict[str, str]:
    """The counting word of each good: 袋, 桶."""
    return dict(unit.rows(UNITS, skus=skus)) if skus else {}


def notice_line_of(unit: Unit, act: str) -> tuple[str, int] | None:
    """(cycle, line number) of the notice line about an earning act."""
    row = unit.row(NOTICE_LINE_OF_ACT, act=act)
    return None if row is None else (row[0], row[1])


def behind_notice_line(unit: Unit, cycle: str, number: int) -> tuple[str, str]:
    """(holder, earning act) behind a notice line; empty texts when there is none."""
    row = unit.row(NOTICE_LINE, cycle=cycle, line=number)
    return ("", "") if row is None else (row[0], row[1])


def notice_lines_of(unit: Unit, cycle: str, holder: str, most: int = 50) -> list[int]:
    """The numbers of a holder's own lines in a notice."""
    return [row[0] for row in unit.rows(LINES_OF_HOLDER, cycle=cycle, holder=holder, most=most)]


def notice_lines_by_tail(unit: Unit, cycle: str, pool: str, tail: str, most: int = 50) -> list[int]:
    """The numbers of the lines of whoever has a card that ends so. tail: digits only."""
    return [row[0] for row in unit.rows(LINES_BY_TAIL, cycle=cycle, pool=pool, tail=f"%{tail}", most=most)]


def is_spoken(unit: Unit, digest: bytes) -> bool:
    """Whether a digest is that of a spoken code still kept."""
    return unit.row(SPOKEN_DIGEST, digest=digest) is not None


def enter_mode(unit: Unit, id: str, mode: str, now: datetime) -> None:
    if not is_in_mode(unit, id, mode):
        unit.change(ENTER_MODE, id=id, mode=mode, now=micros(now))


def leave_mode(unit: Unit, id: str, mode: str, now: datetime) -> None:
    unit.change(LEAVE_MODE, id=id, mode=mode, now=micros(now))


def _ranges(holder: str) -> dict[str, str]:
    return {
        "wallet_low": f"wallet/{holder}/", "wallet_high": f"wallet/{holder}0",
        "pending_low": f"pending/{holder}/", "pending_high": f"pending/{holder}0",
    }  # fmt: skip


def _line(row: Row, balance: int) -> StatementLine:
    (
        id,
        recorded_at,
        occurred_at,
        kind,
        rule,
        version,
        clause,
        evidence,
        station,
        facts,
        actor,
        amount,
        pending,
        cycle,
        reverses,
        resolves,
    ) = row
    return StatementLine(
        id, instant(recorded_at), instant(occurred_at), kind, rule, version, clause, evidence, station, facts, actor, int(amount),
        int(pending), balance, cycle, reverses or "", resolves or "",
    )  # fmt: skip
