"""Quarters and the runs of their steps; the scheduler's lease; notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from ledger.domain.act import instant, micros
from ledger.domain.cycle import Cycle
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

_COLUMNS: Final = (
    "name, state, starts_on, ends_on, cutoff_at, notice_from, notice_days, notice_ends_at, redeem_until, settle_until, noticed_at,"
    " carry_over"
)

ALL: Final = Statement(f"SELECT {_COLUMNS} FROM {{cycle}} ORDER BY name")
ONE: Final = Statement(f"SELECT {_COLUMNS} FROM {{cycle}} WHERE name = :name")
STAY: Final = Statement(
    "SELECT state FROM {cycle} WHERE name = :name",
    postgresql="SELECT state FROM {cycle} WHERE name = :name FOR SHARE",
)
REDEEMING: Final = Statement(
    f"SELECT {_COLUMNS} FROM {{cycle}} WHERE state = 'redeeming' AND redeem_until > :now ORDER BY name DESC LIMIT 1"
)
WINDOW: Final = Statement(
    "SELECT c.name, c.redeem_until, s.closes_at, (SELECT MAX(d.id) FROM {desk} d WHERE d.session = s.id AND d.closed_at IS NULL)"
    " FROM {cycle} c LEFT JOIN {session} s ON s.id = c.name || '.' || :station"
    " WHERE c.state = 'redeeming' AND c.redeem_until > :now ORDER BY c.name DESC LIMIT 1"
)
INSERT: Final = Statement(
    f"INSERT INTO {{cycle}} ({_COLUMNS}) VALUES (:name, :state, :starts_on, :ends_on, :cutoff_at, :notice_from, :notice_days,"
    " :notice_ends_at, :redeem_until, :settle_until, :noticed_at, :carry_over) ON CONFLICT (name) DO NOTHING"
)
STEP: Final = Statement(
    "UPDATE {cycle} SET state = :to, cutoff_at = :cutoff_at, notice_from = :notice_from, noticed_at = :noticed_at,"
    " notice_ends_at = :notice_ends_at, redeem_until = :redeem_until, settle_until = :settle_until WHERE name = :name AND state = :state"
)
CUTOFFS: Final = Statement("SELECT name, cutoff_at FROM {cycle}")
RECORD_RUN: Final = Statement(
    "INSERT INTO {job_run} (job, cycle, started_at, finished_at, outcome, act) VALUES (:job, :cycle, :at, :at, :outcome, :act)"
    " ON CONFLICT (job, cycle) DO NOTHING"
)
RUNS: Final = Statement("SELECT job, cycle, started_at, finished_at, outcome, act FROM {job_run} ORDER BY started_at DESC, job LIMIT :most")
TAKE_LEASE: Final = Statement(
    "INSERT INTO {job_lease} AS l (name, owner, until_at) VALUES (:name, :owner, :until)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_at = excluded.until_at"
    " WHERE l.owner = :owner OR l.until_at < :now OR l.until_at > :too_far"
)
RENEW_LEASE: Final = Statement("UPDATE {job_lease} SET until_at = :until WHERE name = :name AND owner = :owner")
LEASE: Final = Statement("SELECT owner, until_at FROM {job_lease} WHERE name = :name")
DROP_LEASE: Final = Statement("DELETE FROM {job_lease} WHERE name = :name AND owner = :owner")

PUBLISH_LINES: Final = Statement(
    "INSERT INTO {notice_line} (cycle, line, pool, earned_act, holder, points, minutes, state)"
    " SELECT a.cycle, row_number() OVER (ORDER BY v.pool, a.recorded_at, a.id), v.pool, a.id, a.subject, s.points, s.minutes, 'noticed'"
    " FROM {attendance} s JOIN {act} a ON a.id = s.earned_act JOIN {activity} v ON v.id = s.activity"
    " WHERE s.cycle = :cycle AND s.points > 0 AND s.state NOT IN ('undone','rejected')"
    " AND NOT EXISTS (SELECT 1 FROM {act} r WHERE r.resolves = a.id)"
)
DUE_LINES: Final = Statement(
    "SELECT l.line, l.earned_act, l.holder, p.account, p.amount FROM {notice_line} l"
    " JOIN {posting} p ON p.act = l.earned_act AND p.account >= 'pending/' AND p.account < 'pending0'"
    " WHERE l.cycle = :cycle AND l.state = 'noticed' ORDER BY l.line LIMIT :most",
    postgresql="SELECT l.line, l.earned_act, l.holder, p.account, p.amount FROM {notice_line} l"
    " JOIN {posting} p ON p.act = l.earned_act AND p.account >= 'pending/' AND p.account < 'pending0'"
    " WHERE l.cycle = :cycle AND l.state = 'noticed' ORDER BY l.line LIMIT :most FOR UPDATE OF l",
)
SET_LINES: Final = Statement("UPDATE {notice_line} SET state = :state WHERE cycle = :cycle AND line = :line")
LOCK_LINES_OF: Final = Statement(
    "SELECT line FROM {notice_line} WHERE earned_act IN @acts ORDER BY cycle, line",
    postgresql="SELECT line FROM {notice_line} WHERE earned_act IN @acts ORDER BY cycle, line FOR UPDATE",
)
NOTICE: Final = Statement(
    "SELECT l.line, l.holder, l.points, l.minutes, l.state, l.earned_act, l.pool FROM {notice_line} l"
    " WHERE l.cycle = :cycle AND (:pool = '' OR l.pool = :pool) AND l.line > :after ORDER BY l.line LIMIT :most"
)
NOTICE_TOTALS: Final = Statement(
    "SELECT pool, COUNT(*), COALESCE(SUM(points), 0), COALESCE(SUM(CASE WHEN state = 'reviewing' THEN 1 ELSE 0 END), 0)"
    " FROM {notice_line} WHERE cycle = :cycle GROUP BY pool ORDER BY pool"
)


def _read(row: Row) -> tuple[Cycle, str]:
    at = [None if v is None else instant(v) for v in (row[4], row[5], row[7], row[8], row[9], row[10])]
    cycle = Cycle(
        name=row[0],
        state=row[1],
        starts_on=date.fromisoformat(row[2]),
        ends_on=date.fromisoformat(row[3]),
        cutoff_at=at[0],  # type: ignore[arg-type]
        notice_from=at[1],  # type: ignore[arg-type]
        notice_days=row[6],
        notice_ends_at=at[2],  # type: ignore[arg-type]
        redeem_until=at[3],
        settle_until=at[4],
        noticed_at=at[5],
    )
    return cycle, row[11]


def all_cycles(unit: Unit) -> list[tuple[Cycle, str]]:
    """Every cycle with its carry-over preset, oldest first."""
    return [_read(row) for row in unit.rows(ALL)]


def cycle(unit: Unit, name: str) -> tuple[Cycle, str] | None:
    row = unit.row(ONE, name=name)
    return None if row is None else _read(row)


def redeeming(unit: Unit, now: datetime) -> Cycle | None:
    """The cycle whose redemption window is open now, the latest if several are."""
    row = unit.row(REDEEMING, now=micros(now))
    return None if row is None else _read(row)[0]


def insert(unit: Unit, new: Cycle, carry_over: str) -> bool:
    """True when the row is new; False when the cycle already existed."""
    return unit.change(INSERT, **_values(new), carry_over=carry_over) == 1


def step(unit: Unit, old: Cycle, new: Cycle) -> bool:
    """Move the cycle from the state it was read in; False when somebody else already did."""
    values = _values(new)
    moved = ("cutoff_at", "notice_from", "noticed_at", "notice_ends_at", "redeem_until", "settle_until")
    return unit.change(STEP, name=old.name, state=old.state, to=new.state, **{name: values[name] for name in moved}) == 1


def dates_of(c: Cycle) -> dict[str, Any]:
    """All dates of a cycle as stored values, for the act that opens or steps it."""
    values = _values(c)
    return {k: v for k, v in values.items() if k not in ("name", "state")}


def _values(c: Cycle) -> dict[str, Any]:
    def at(value: datetime | None) -> int | None:
        return None if value is None else micros(value)

    return {
        "name": c.name,
        "state": c.state,
        "starts_on": c.starts_on.isoformat(),
        "ends_on": c.ends_on.isoformat(),
        "cutoff_at": at(c.cutoff_at),
        "notice_from": at(c.notice_from),
        "notice_days": c.notice_days,
        "notice_ends_at": at(c.notice_ends_at),
        "redeem_until": at(c.redeem_until),
        "settle_until": at(c.settle_until),
        "noticed_at": at(c.noticed_at),
    }


def stay(unit: Unit, name: str) -> str:
    """A cycle's state, which nobody moves on until this unit ends, so that a fact is in the notice it belongs to."""
    return str(unit.value(STAY, name=name) or "")


def cutoffs(unit: Unit) -> dict[str, datetime]:
    return {name: instant(at) for name, at in unit.rows(CUTOFFS)}


def take_lease(unit: Unit, *, name: str, owner: str, now: datetime, seconds: int) -> bool:
    """Take or renew a lease row. A lease too far in the future (the clock went back) counts as lapsed."""
    at = micros(now)
    length = seconds * 1_000_000
    return unit.change(TAKE_LEASE, name=name, owner=owner, until=at + length, now=at, too_far=at + 20 * length) == 1


def renew_lease(unit: Unit, *, name: str, owner: str, now: datetime, seconds: int) -> bool:
    """Renew one's own lease; False when somebody else has taken it or it was given back."""
    return unit.change(RENEW_LEASE, name=name, owner=owner, until=micros(now) + seconds * 1_000_000) == 1


def lease(unit: Unit, name: str) -> tuple[str, datetime] | None:
    """Who has a lease and until when, or None."""
    row = unit.row(LEASE, name=name)
    return None if row is None else (str(row[0]), instant(row[1]))


def drop_lease(unit: Unit, *, name: str, owner: str) -> None:
    unit.change(DROP_LEASE, name=name, owner=owner)


def due_lines(unit: Unit, name: str, most: int) -> list[Row]:
    """(line, earning act, holder, pending account, steps) of noticed lines without a standing objection, locked."""
    return unit.rows(DUE_LINES, cycle=name, most=most)


def set_lines(unit: Unit, name: str, lines: Sequence[int], state: str) -> None:
    unit.change_many(SET_LINES, [{"cycle": name, "line": line, "state": state} for line in lines])


def lock_lines_of(unit: Unit, earnings: Sequence[str]) -> None:
    """Hold the notice lines of these earning acts until this unit ends. Lines are locked before holders, as a settlement does."""
    unit.rows(LOCK_LINES_OF, acts=list(earnings))
