"""Notice lines as the public reads them, and what anyone objected to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant, micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

_LINE: Final = "cycle, line, pool, earned_act, holder, points, minutes, state"
LINE: Final = Statement(
    f"SELECT {_LINE} FROM {{notice_line}} WHERE cycle = :cycle AND line = :line",
    postgresql=f"SELECT {_LINE} FROM {{notice_line}} WHERE cycle = :cycle AND line = :line FOR UPDATE",
)
MOVE_LINE: Final = Statement("UPDATE {notice_line} SET state = :to WHERE cycle = :cycle AND line = :line AND state = :was")
VOID_LINES: Final = Statement(
    "UPDATE {notice_line} SET state = 'voided' WHERE earned_act IN @earned AND state IN ('noticed','reviewing')"
)
SHOWN: Final = Statement(
    "SELECT l.line, l.pool, l.holder, h.name, l.points, l.minutes, l.state, v.name, s.came_at,"
    " (SELECT MAX(c.number) FROM {card} c WHERE c.holder = l.holder AND c.status = 'active')"
    " FROM {notice_line} l JOIN {holder} h ON h.id = l.holder LEFT JOIN {act} a ON a.id = l.earned_act"
    " LEFT JOIN {activity} v ON a.evidence = 'activity:' || v.id"
    " LEFT JOIN {attendance} s ON s.activity = v.id AND s.person = l.holder AND s.earned_act = l.earned_act"
    " WHERE l.cycle = :cycle AND (:pool = '' OR l.pool = :pool) AND l.line > :after ORDER BY l.line LIMIT :most"
)
_OBJECTION: Final = "tracking, cycle, line, state, reason, contact, filed_at, answer_by, decided_at, decided_by, answer"
OBJECTION: Final = Statement(
    f"SELECT {_OBJECTION} FROM {{objection}} WHERE tracking = :tracking",
    postgresql=f"SELECT {_OBJECTION} FROM {{objection}} WHERE tracking = :tracking FOR UPDATE",
)
OBJECTIONS: Final = Statement(
    f"SELECT {_OBJECTION} FROM {{objection}} WHERE (:state = '' OR state = :state) AND tracking > :after ORDER BY tracking LIMIT :most"
)
OPEN_ON_LINE: Final = Statement("SELECT COUNT(*) FROM {objection} WHERE cycle = :cycle AND line = :line AND state = 'open'")
COUNTS: Final = Statement("SELECT state, COUNT(*) FROM {objection} WHERE cycle = :cycle GROUP BY state")
FILE: Final = Statement(
    f"INSERT INTO {{objection}} ({_OBJECTION}) VALUES (:tracking, :cycle, :line, 'open', :reason, :contact, :filed_at, :answer_by,"
    " NULL, '', :answer)"
)
DECIDE: Final = Statement(
    "UPDATE {objection} SET state = :state, decided_at = :at, decided_by = :by, answer = :answer"
    " WHERE tracking = :tracking AND state = 'open'"
)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """A line as the ledger keeps it; points in smallest steps."""

    cycle: str
    line: int
    pool: str
    earned_act: str
    holder: str
    points: int
    minutes: int
    state: str


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with what a notice shows of it. `sealed_name` is opened and masked by the reader."""

    line: int
    pool: str
    holder: str
    sealed_name: bytes
    points: int
    minutes: int
    state: str
    activity: str
    came_at: datetime | None
    card: str


@dataclass(frozen=True, slots=True)
class Objection:
    """`reason`, `contact` and `answer` are sealed."""

    tracking: str
    cycle: str
    line: int
    state: str
    reason: bytes
    contact: bytes
    filed_at: datetime
    answer_by: datetime
    decided_at: datetime | None
    decided_by: str
    answer: bytes


def line(unit: Unit, cycle: str, number: int) -> NoticeLine | None:
    """One line; nobody else moves it until this unit ends."""
    row = unit.row(LINE, cycle=cycle, line=number)
    return None if row is None else NoticeLine(*row)


def move_line(unit: Unit, of: NoticeLine, *, was: str, to: str) -> bool:
    """False when the line is not in the state `was`."""
    return unit.change(MOVE_LINE, cycle=of.cycle, line=of.line, was=was, to=to) == 1


def void_lines(unit: Unit, earned: Sequence[str]) -> None:
    """Lines whose earnings were turned back while their notice hangs: they no longer settle."""
    unit.change(VOID_LINES, earned=list(earned))


def shown_lines(unit: Unit, cycle: str, *, pool: str, after: int, most: int) -> list[ShownLine]:
    """Lines of a notice behind a line number, of one pool or of all."""
    return [
        ShownLine(
            row[0], row[1], row[2], bytes(row[3]), row[4], row[5], row[6], row[7] or "",
            None if row[8] is None else instant(row[8]), row[9] or "",
        )
        for row in unit.rows(SHOWN, cycle=cycle, pool=pool, after=after, most=most)
    ]  # fmt: skip


def objection(unit: Unit, tracking: str) -> Objection | None:
    row = unit.row(OBJECTION, tracking=tracking)
    return None if row is None else _objection(row)


def objections(unit: Unit, *, state: str = "", after: str = "", most: int = 50) -> list[Objection]:
    """Objections by tracking number, behind `after`; of one state or of all."""
    return [_objection(row) for row in unit.rows(OBJECTIONS, state=state, after=after, most=most)]


def open_on_line(unit: Unit, of: NoticeLine) -> int:
    return int(unit.value(OPEN_ON_LINE, cycle=of.cycle, line=of.line))


def counts(unit: Unit, cycle: str) -> dict[str, int]:
    """How many objections of a cycle are open, upheld, refused."""
    return {state: int(count) for state, count in unit.rows(COUNTS, cycle=cycle)}


def file(unit: Unit, *, tracking: str, of: NoticeLine, reason: bytes, contact: bytes, filed_at: datetime, answer_by: datetime) -> None:
    unit.change(
        FILE, tracking=tracking, cycle=of.cycle, line=of.line, reason=reason, contact=contact, filed_at=micros(filed_at),
        answer_by=micros(answer_by), answer=b"",
    )  # fmt: skip


def decide(unit: Unit, tracking: str, *, state: str, now: datetime, by: str, answer: bytes) -> bool:
    """False when it was decided before."""
    return unit.change(DECIDE, tracking=tracking, state=state, at=micros(now), by=by, answer=answer) == 1


def _objection(row: Row) -> Objection:
    return Objection(
        row[0], row[1], row[2], row[3], bytes(row[4]), bytes(row[5]), instant(row[6]), instant(row[7]),
        None if row[8] is None else instant(row[8]), row[9], bytes(row[10]),
    )  # fmt: skip
