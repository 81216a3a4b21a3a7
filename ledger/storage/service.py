"""Rules, activities and attendances: what check-in reads and writes, each a statement built once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import instant, micros
from ledger.domain.earning import Rule
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import GuardFailed, Row, Unit

_RULE: Final = "id, version, name, basis, points, per_mille, rounding, min_evidence, caps, clause"
RULE: Final = Statement(f"SELECT {_RULE} FROM {{rule}} WHERE id = :id AND version = :version")
RULES: Final = Statement(f"SELECT {_RULE}, valid_from, published_at FROM {{rule}} ORDER BY id, version")
CURRENT_RULE: Final = Statement(
    f"SELECT {_RULE} FROM {{rule}} WHERE id = :id AND published_at IS NOT NULL AND valid_from <= :at ORDER BY version DESC LIMIT 1"
)
INSERT_RULE: Final = Statement(
    f"INSERT INTO {{rule}} ({_RULE}, valid_from, published_at, batch) VALUES (:id, :version, :name, :basis, :points, :per_mille, :rounding,"
    " :min_evidence, :caps, :clause, :valid_from, :published_at, :batch) ON CONFLICT (id, version) DO NOTHING"
)
_ACTIVITY: Final = "id, code, name, kind, area, pool, place, host, starts_at, ends_at, rule, rule_version, capacity, organiser, status"
ACTIVITY: Final = Statement(f"SELECT {_ACTIVITY} FROM {{activity}} WHERE id = :id OR (code = :id AND status <> 'undone')")
ACTIVITY_LOCKED: Final = Statement(
    f"SELECT {_ACTIVITY} FROM {{activity}} WHERE id = :id",
    postgresql=f"SELECT {_ACTIVITY} FROM {{activity}} WHERE id = :id FOR NO KEY UPDATE",
)
ACTIVITIES: Final = Statement(
    f"SELECT {_ACTIVITY} FROM {{activity}} WHERE status = 'open' AND ends_at >= :since AND (starts_at, id) > (:after_at, :after_id)"
    " AND (:area = '' OR area = :area OR pool = :area) ORDER BY starts_at, id LIMIT :most"
)
INSERT_ACTIVITY: Final = Statement(
    f"INSERT INTO {{activity}} ({_ACTIVITY}, batch) VALUES (:id, :code, :name, :kind, :area, :pool, :place, :host, :starts_at, :ends_at,"
    " :rule, :rule_version, :capacity, :organiser, :status, :batch)"
)
PRESENT: Final = Statement("SELECT COUNT(*) FROM {attendance} WHERE activity = :activity AND state NOT IN ('undone','rejected')")
_ATTENDANCE: Final = (
    "id, activity, person, state, came_at, left_at, minutes, points, raw_points, capped_by, cycle, evidence_level, flags,"
    " earned_act, served_act, recorded_by"
)
ATTENDANCE: Final = Statement(f"SELECT {_ATTENDANCE} FROM {{attendance}} WHERE id = :id")
ATTENDANCE_AT: Final = Statement(
    f"SELECT {_ATTENDANCE} FROM {{attendance}} WHERE activity = :activity AND person = :person AND state <> 'undone'"
)
OVERLAPPING: Final = Statement(
    "SELECT v.name FROM {attendance} s JOIN {activity} v ON v.id = s.activity WHERE s.person = :person AND s.state NOT"
    " IN ('undone','rejected')"
    " AND s.activity <> :activity AND v.starts_at < :ends_at AND v.ends_at > :starts_at"
    " AND NOT (s.left_at IS NOT NULL AND s.left_at <= :now AND s.state <> 'in') LIMIT 1"
)
ATTENDANCES: Final = Statement(
    f"SELECT {_ATTENDANCE} FROM {{attendance}} WHERE activity = :activity AND state <> 'undone' ORDER BY came_at DESC, id DESC LIMIT :most"
)
ATTENDANCES_OF: Final = Statement(
    "SELECT s.id, v.name, s.state, s.came_at, s.left_at, s.minutes, s.points, s.cycle, v.ends_at, s.activity,"
    " s.earned_act FROM {attendance} s"
    " JOIN {activity} v ON v.id = s.activity WHERE s.person = :person AND s.state <> 'undone' ORDER BY s.came_at DESC LIMIT :most"
)
WAITING: Final = Statement(
    f"SELECT {', '.join('s.' + c.strip() for c in _ATTENDANCE.split(','))}, v.name, v.area FROM {{attendance}} s"
    " JOIN {activity} v ON v.id = s.activity WHERE s.state = 'waiting' ORDER BY s.came_at LIMIT :most"
)
FORGOTTEN: Final = Statement(
    "SELECT s.id, s.person FROM {attendance} s JOIN {activity} v ON v.id = s.activity WHERE s.state = 'in' AND v.ends_at <= :now"
    " ORDER BY s.id LIMIT :most"
)
INSERT_ATTENDANCE: Final = Statement(
    f"INSERT INTO {{attendance}} ({_ATTENDANCE}, batch) VALUES (:id, :activity, :person, :state, :came_at, :left_at, :minutes, :points,"
    " :raw_points, :capped_by, :cycle, :evidence_level, :flags, :earned_act, :served_act, :recorded_by, :batch)"
)
UPDATE_ATTENDANCE: Final = Statement(
    "UPDATE {attendance} SET state = :state, left_at = :left_at, minutes = :minutes, points = :points, raw_points = :raw_points,"
    " capped_by = :capped_by, cycle = :cycle, flags = :flags, earned_act = :earned_act, served_act = :served_act"
    " WHERE id = :id AND state = :was"
)
USED: Final = Statement(
    "SELECT COALESCE(SUM(CASE WHEN v.starts_at >= :day AND v.starts_at < :day_end THEN s.points ELSE 0 END), 0),"
    " COALESCE(SUM(CASE WHEN v.starts_at >= :quarter AND v.starts_at < :quarter_end THEN s.points ELSE 0 END), 0),"
    " COALESCE(SUM(CASE WHEN v.starts_at >= :year AND v.starts_at < :year_end THEN s.points ELSE 0 END), 0), COALESCE(SUM(s.points), 0)"
    " FROM {attendance} s JOIN {activity} v ON v.id = s.activity"
    " WHERE s.person = :person AND v.rule = :rule AND s.state NOT IN ('undone','rejected') AND s.id <> :but"
)
UNDO_ATTENDANCE: Final = Statement("UPDATE {attendance} SET state = 'undone' WHERE batch = :batch")


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity; times aware UTC."""

    id: str
    code: str
    name: str
    kind: str
    area: str
    pool: str
    place: str
    host: str
    starts_at: datetime
    ends_at: datetime
    rule: str
    rule_version: int
    capacity: int | None
    organiser: str
    status: str


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person at one activity; points in steps, minutes whole, times aware UTC."""

    id: str
    activity: str
    person: str
    state: str
    came_at: datetime
    left_at: datetime | None
    minutes: int
    points: int
    raw_points: int
    capped_by: str
    cycle: str
    evidence_level: int
    flags: str
    earned_act: str
    served_act: str
    recorded_by: str

    def flagged(self, flag: str) -> Attendance:
        known = set(self.flags.split()) | {flag}
        return replace(self, flags=" ".join(sorted(known)))


def rule(unit: Unit, id: str, version: int) -> Rule | None:
    row = unit.row(RULE, id=id, version=version)
    return None if row is None else read_rule(row)


def current_rule(unit: Unit, id: str, at: datetime) -> Rule | None:
    """The published version that holds at a moment."""
    row = unit.row(CURRENT_RULE, id=id, at=micros(at))
    return None if row is None else read_rule(row)


def read_rule(row: Row) -> Rule:
    return Rule(
        id=row[0], version=row[1], name=row[2], basis=row[3], points=row[4], per_mille=row[5], rounding=row[6],
        min_evidence=row[7], caps=json.loads(row[8]), clause=row[9],
    )  # fmt: skip


def rule_facts(rule: Rule) -> dict[str, Any]:
    """A rule as its publishing act carries it."""
    return {
        "name": rule.name, "basis": rule.basis, "points": rule.points, "per_mille": rule.per_mille, "rounding": rule.rounding,
        "min_evidence": rule.min_evidence, "caps": dict(sorted(rule.caps.items())),
    }  # fmt: skip


def insert_rule(unit: Unit, rule: Rule, *, valid_from: datetime, published_at: datetime | None, batch: str) -> bool:
    values = {**rule_facts(rule), "caps": json.dumps(dict(sorted(rule.caps.items())), separators=(",", ":"))}
    return (
        unit.change(
            INSERT_RULE, id=rule.id, version=rule.version, clause=rule.clause, valid_from=micros(valid_from),
            published_at=None if published_at is None else micros(published_at), batch=batch, **values,
        ) == 1
    )  # fmt: skip


def activity(unit: Unit, id: str) -> Activity | None:
    """An activity by id or by its code."""
    row = unit.row(ACTIVITY, id=id)
    return None if row is None else read_activity(row)


def lock_activity(unit: Unit, id: str) -> Activity | None:
    row = unit.row(ACTIVITY_LOCKED, id=id)
    return None if row is None else read_activity(row)


def read_activity(row: Row) -> Activity:
    return Activity(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], instant(row[8]), instant(row[9]),
        row[10], row[11], row[12], row[13], row[14],
    )  # fmt: skip


def activities(unit: Unit, *, since: datetime, area: str = "", after: tuple[int, str] = (0, ""), most: int = 50) -> list[Activity]:
    """Open activities that end at or after a moment, by start."""
    rows = unit.rows(ACTIVITIES, since=micros(since), area=area, after_at=after[0], after_id=after[1], most=most)
    return [read_activity(row) for row in rows]


def activity_values(a: Activity, batch: str = "") -> dict[str, Any]:
    return {
        "id": a.id, "code": a.code, "name": a.name, "kind": a.kind, "area": a.area, "pool": a.pool, "place": a.place, "host": a.host,
        "starts_at": micros(a.starts_at), "ends_at": micros(a.ends_at), "rule": a.rule, "rule_version": a.rule_version,
        "capacity": a.capacity, "organiser": a.organiser, "status": a.status, "batch": batch,
    }  # fmt: skip


def attendance(unit: Unit, id: str) -> Attendance | None:
    row = unit.row(ATTENDANCE, id=id)
    return None if row is None else read_attendance(row)


def attendance_at(unit: Unit, activity: str, person: str) -> Attendance | None:
    row = unit.row(ATTENDANCE_AT, activity=activity, person=person)
    return None if row is None else read_attendance(row)


def read_attendance(row: Row) -> Attendance:
    left_at = None if row[5] is None else instant(row[5])
    return Attendance(row[0], row[1], row[2], row[3], instant(row[4]), left_at, *row[6:16])


def attendances(unit: Unit, activity: str, most: int = 500) -> list[Attendance]:
    """Who came, newest first."""
    return [read_attendance(row) for row in unit.rows(ATTENDANCES, activity=activity, most=most)]


def attendance_values(a: Attendance, batch: str = "") -> dict[str, Any]:
    return {
        "id": a.id, "activity": a.activity, "person": a.person, "state": a.state, "came_at": micros(a.came_at),
        "left_at": None if a.left_at is None else micros(a.left_at), "minutes": a.minutes, "points": a.points, "raw_points": a.raw_points,
        "capped_by": a.capped_by, "cycle": a.cycle, "evidence_level": a.evidence_level, "flags": a.flags, "earned_act": a.earned_act,
        "served_act": a.served_act, "recorded_by": a.recorded_by, "batch": batch,
    }  # fmt: skip


def insert_attendance(unit: Unit, a: Attendance, batch: str = "") -> None:
    unit.change(INSERT_ATTENDANCE, **attendance_values(a, batch))


def update_attendance(unit: Unit, a: Attendance, *, was: str) -> None:
    """Write the attendance's new state. Raises GuardFailed, so that the unit is run again, when it is no longer in the state `was`."""
    values = attendance_values(a)
    wanted = ("id", "state", "left_at", "minutes", "points", "raw_points", "capped_by", "cycle", "flags", "earned_act", "served_act")
    if unit.change(UPDATE_ATTENDANCE, was=was, **{name: values[name] for name in wanted}) != 1:
        raise GuardFailed(f"attendance {a.id}")


def used_points(unit: Unit, *, person: str, rule: str, spans: Mapping[str, tuple[datetime, datetime]], but: str) -> dict[str, int]:
    """Steps a person already earned under a rule at activities that began within the day, quarter and year, and ever.

    spans: beginning and end of "day", "quarter" and "year"; what was recorded for other days does not count, before or after.
    """
    ends = {name: micros(span[0]) for name, span in spans.items()} | {f"{name}_end": micros(span[1]) for name, span in spans.items()}
    row = unit.row(USED, person=person, rule=rule, but=but, **ends)
    assert row is not None
    return dict(zip(("day", "quarter", "year", "life"), (int(v) for v in row), strict=True))
