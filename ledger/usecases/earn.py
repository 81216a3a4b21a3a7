"""What an attendance earns: the rule's award, as postings to pending points and honour minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ledger.domain import account
from ledger.domain.account import HON
from ledger.domain.cycle import Cycle, bounds_of, end_of_day, local_date, name_of, start_of_day
from ledger.domain.earning import Award, Rule, award
from ledger.domain.entry import Posting, move
from ledger.domain.lot import lot_name
from ledger.storage import service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Unit


@dataclass(frozen=True, slots=True)
class Earning:
    """Postings and the header that explains them."""

    award: Award
    lot: str
    postings: tuple[Posting, ...]

    @property
    def points(self) -> int:
        return self.award.points


def earn(unit: Unit, *, rule: Rule, activity: Activity, attendance: Attendance, cycle: Cycle, with_points: bool, minutes: int) -> Earning:
    """Postings for one attendance: points to pending of the cycle's lot, minutes to honour.

    with_points: false when only honour is due now (points came at check-in, or wait for an approver).
    minutes: served minutes to credit now, 0 for none.
    """
    lot = lot_name(cycle.name, activity.pool)
    given = Award(0, 0)
    legs: list[Posting] = []
    if with_points:
        given = award(rule, minutes or attendance.minutes, _used(unit, rule, activity, attendance))
        if given.points:
            source = account.issued(rule.id, activity.pool, cycle.name)
            legs += move(source, account.pending(attendance.person, lot), given.points)
    if minutes:
        source = account.issued(rule.id, activity.pool, cycle.name, HON)
        legs += move(source, account.honour(attendance.person), minutes)
    return Earning(given, lot, tuple(legs))


def _used(unit: Unit, rule: Rule, activity: Activity, attendance: Attendance) -> dict[str, int]:
    if not rule.caps:
        return {}
    zone = unit.book.settings.zone
    day = local_date(activity.starts_at, zone)
    days = {"day": (day, day), "quarter": bounds_of(name_of(day)), "year": (date(day.year, 1, 1), date(day.year, 12, 31))}
    spans = {name: (start_of_day(first, zone), end_of_day(last, zone)) for name, (first, last) in days.items()}
    return service.used_points(unit, person=attendance.person, rule=rule.id, spans=spans, but=attendance.id)


def explanation(rule: Rule, activity: Activity, attendance: Attendance) -> dict[str, object]:
    """Header columns that every earning act of an attendance carries."""
    return {
        "subject": attendance.person,
        "rule": rule.id,
        "rule_version": rule.version,
        "clause": rule.clause,
        "evidence": f"activity:{activity.id}",
        "evidence_level": attendance.evidence_level,
    }
