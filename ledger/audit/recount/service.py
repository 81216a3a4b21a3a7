"""Service once more: minutes from coming, leaving and the planned window; points from the rule's version and the caps used so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from ledger.audit.recount.ground import Ground, Part
from ledger.audit.recount.holdings import Late
from ledger.audit.recount.published import Activity
from ledger.audit.recount.told import CannotReckon, Due, Net, Told, named, net_of
from ledger.audit.report import Finding
from ledger.domain import account
from ledger.domain.account import HON, PTS
from ledger.domain.act import instant, micros
from ledger.domain.cycle import bounds_of, end_of_day, local_date, name_of, start_of_day
from ledger.domain.earning import Award, Rule, award, served_minutes
from ledger.domain.entry import Posting, move
from ledger.domain.lot import lot_name

NO_SIGN_IN: Final = "no_sign_in"
NO_SIGN_OUT: Final = "no_sign_out"


@dataclass(frozen=True, slots=True)
class Visit:
    """An attendance between coming and leaving. `waits`: for an approver."""

    cycle: str
    came_at: datetime
    has_earned: bool
    waits: bool


@dataclass(slots=True)
class Imported:
    """What one batch of sign-in sheets brought, by reckoning and as told, to be held against what its header counted."""

    attendances: int = 0
    points: int = 0
    told_points: int = 0
    concerns_target: bool = False


class Service(Part):
    kinds = frozenset({"checked_in", "service_earned", "service_served"})

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.imported: dict[str, Imported] = {}
        self._visits: dict[str, Visit] = {}
        self._seen_out: set[str] = set()
        self._used: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}

    def due(self, act: Told) -> Due:
        if act.at.batch:
            self._count(act)
        activity = self.ground.published.activity(act)
        rule = self.ground.published.rule(activity)
        attendance = str(act.fact("attendance"))
        if act.at.batch:
            due = self._imported(act, activity, rule, attendance)
        elif "came_at" in act.facts:
            due = self._came(act, activity, rule, attendance)
        else:
            due = self._left(act, activity, rule, attendance)
        header = {"rule": rule.id, "rule_version": rule.version, "clause": rule.clause, **due.header}
        return replace(due, header=header)

    def hear(self, act: Told, original: Told) -> None:
        """Points of an earning that was turned back no longer count against caps."""
        if original.at.kind != "service_earned" or act.at.kind not in ("reversed", "points_voided"):
            return
        self._used.get((original.at.subject, original.at.rule), {}).pop(str(original.facts.get("attendance")), None)

    def finish(self) -> list[Late]:
        """Batches whose header counted other rows, or other points, than they hold."""
        found: list[Late] = []
        for batch, header in self.ground.published.batches.items():
            counts = header.facts.get("counts")
            if header.facts.get("kind") != "attendance" or not isinstance(counts, dict):
                continue
            mine = self.imported.get(batch, Imported())
            if mine.concerns_target:
                found += [(self.ground.place, finding) for finding in self._off(header, counts, mine)]
        return found

    def _off(self, header: Told, counts: dict[str, Any], mine: Imported) -> list[Finding]:
        told_points = self.ground.number(mine.told_points)
        points = told_points if told_points == counts.get("points") else self.ground.number(mine.points)
        pairs = (("attendances", counts.get("attendances"), mine.attendances, "人次"), ("points", counts.get("points"), points, "分"))
        return [
            Finding(
                message=f"{named(header)}登记的是 {told} {unit}，账上属于它的有 {found} {unit}", expected=told, found=found,
                entry=header.at.id, field=f"facts.counts.{name}",
            )
            for name, told, found, unit in pairs
            if told is not None and told != found
        ]  # fmt: skip

    def _count(self, act: Told) -> None:
        mine, told = self.imported.setdefault(act.at.batch, Imported()), _told_points(act)
        mine.attendances += 1
        mine.points += told
        mine.told_points += told
        mine.concerns_target |= act.at.cycle == self.ground.target

    # -- on paper ------------------------------------------------------------------------------------------------------------------
    def _imported(self, act: Told, activity: Activity, rule: Rule, attendance: str) -> Due:
        minutes = _minutes_on_paper(act, activity)
        cycle = self.ground.quarters.for_fact(local_date(activity.starts_at, self.ground.zone), act)
        given = self._award(rule, activity, act, attendance, minutes)
        mine = self.imported[act.at.batch]
        mine.points += given.points - _told_points(act)
        mine.concerns_target |= cycle == self.ground.target
        pool = self.ground.published.pool(activity)
        facts = {"minutes": minutes, "raw": given.raw, "capped_by": given.capped_by, "lot": lot_name(cycle, pool)}
        header = {"kind": "service_earned" if given.points else "service_served", "cycle": cycle}
        return Due(_legs(rule, pool, cycle, act.at.subject, given.points, minutes), facts, header)

    # -- at the venue --------------------------------------------------------------------------------------------------------------
    def _came(self, act: Told, activity: Activity, rule: Rule, attendance: str) -> Due:
        """A check-in: an event rule with evidence enough earns at once; otherwise points wait for leaving or for an approver."""
        waits = act.at.evidence_level < rule.min_evidence
        earns = not waits and rule.basis == "event"
        given = self._award(rule, activity, act, attendance, 0) if earns else Award(0, 0)
        cycle = self.ground.quarters.for_fact(local_date(activity.starts_at, self.ground.zone), act)
        if attendance in self._seen_out:
            self._seen_out.remove(attendance)
        else:
            self._visits[attendance] = Visit(cycle, instant(act.fact("came_at")), given.points > 0, waits)
        return self._earned(act, activity, rule, given, cycle, 0, unearned="checked_in")

    def _left(self, act: Told, activity: Activity, rule: Rule, attendance: str) -> Due:
        """A check-out, or an approval: minutes become honour, and points where they did not come before."""
        visit = self._visits.pop(attendance, None) or self._look_up(act, rule, attendance)
        left_at = act.facts.get("left_at")
        left = None if left_at is None else instant(left_at)
        minutes = served_minutes(visit.came_at, left, activity.starts_at, activity.ends_at)
        earns = visit.waits or (rule.basis == "minute" and not visit.has_earned)
        given = self._award(rule, activity, act, attendance, minutes) if earns else Award(0, 0)
        cycle = self.ground.quarters.for_fact(local_date(activity.starts_at, self.ground.zone), act, visit.cycle)
        due = self._earned(act, activity, rule, given, cycle, minutes, unearned="service_served")
        return replace(due, facts={"minutes": minutes, **due.facts})

    def _look_up(self, act: Told, rule: Rule, attendance: str) -> Visit:
        """The coming of somebody whose leaving was recorded at the same instant by another process, and stands before it."""
        for came in self.ground.comings(act):
            if came.facts.get("attendance") == attendance and "came_at" in came.facts:
                self._seen_out.add(attendance)
                waits = came.at.evidence_level < rule.min_evidence
                return Visit(came.at.cycle, instant(came.facts["came_at"]), came.at.kind == "service_earned", waits)
        raise CannotReckon("找不到它的签到凭证", field="facts.attendance", expected="checked_in", found=attendance)

    def _earned(self, act: Told, activity: Activity, rule: Rule, given: Award, cycle: str, minutes: int, *, unearned: str) -> Due:
        pool = self.ground.published.pool(activity)
        facts = {"raw": given.raw, "capped_by": given.capped_by, "lot": lot_name(cycle, pool)} if given.points else {}
        header = {"kind": "service_earned" if given.points else unearned, "cycle": cycle}
        return Due(_legs(rule, pool, cycle, act.at.subject, given.points, minutes), facts, header)

    # -- caps ----------------------------------------------------------------------------------------------------------------------
    def _award(self, rule: Rule, activity: Activity, act: Told, attendance: str, minutes: int) -> Award:
        person = act.at.subject
        given = award(rule, minutes, self._used_by(person, rule, activity) if rule.caps else {})
        if rule.id in self.ground.published.capped and given.points:
            self._used.setdefault((person, rule.id), {})[attendance] = (micros(activity.starts_at), given.points)
        return given

    def _used_by(self, person: str, rule: Rule, activity: Activity) -> dict[str, int]:
        """Steps the person earned by the rule at activities that began on the same day, in the same quarter, year, and ever."""
        day, zone = local_date(activity.starts_at, self.ground.zone), self.ground.zone
        days = {"day": (day, day), "quarter": bounds_of(name_of(day)), "year": (date(day.year, 1, 1), date(day.year, 12, 31))}
        earned = self._used.get((person, rule.id), {}).values()
        used = {"life": sum(points for _, points in earned)}
        for name, (first, last) in days.items():
            begin, end = micros(start_of_day(first, zone)), micros(end_of_day(last, zone))
            used[name] = sum(points for at, points in earned if begin <= at < end)
        return used


def _minutes_on_paper(act: Told, activity: Activity) -> int:
    """Minutes of a sign-in sheet's row: one missing time stands for the planned one; a row without both counts none."""
    flags = str(act.facts.get("flags", "")).split()
    came = None if NO_SIGN_IN in flags else instant(act.fact("came_at"))
    left = None if NO_SIGN_OUT in flags or act.facts.get("left_at") is None else instant(act.facts["left_at"])
    if came is None and left is None:
        return 0
    minutes = served_minutes(came, left, activity.starts_at, activity.ends_at)
    told = act.facts.get("minutes")
    if came is not None and act.at.recorded_at == act.facts["came_at"] and type(told) is int and 0 <= told <= minutes:
        return told  # a time still to come is written as the moment of recording; only the most it can have been is known
    return minutes


def _told_points(act: Told) -> int:
    return sum(amount for (path, _), amount in act.net.items() if path.startswith("pending/"))


def _legs(rule: Rule, pool: str, cycle: str, person: str, points: int, minutes: int) -> Net:
    legs: list[Posting] = []
    if points:
        legs += move(account.issued(rule.id, pool, cycle, PTS), account.pending(person, lot_name(cycle, pool)), points)
    if minutes:
        legs += move(account.issued(rule.id, pool, cycle, HON), account.honour(person), minutes)
    return net_of(legs)


def check_rules(ground: Ground, kept: dict[tuple[str, int], Rule | str], used: set[tuple[str, int]]) -> list[Late]:
    """Rule versions that the quarter used and whose row says something else than their publishing act.

    kept: the rows, or why a row cannot be read.
    """
    found: list[Late] = []
    for key in sorted(used & ground.published.rules.keys()):
        rule, act = ground.published.rules[key]
        row = kept.get(key)
        for field in ("name", "basis", "points", "per_mille", "rounding", "min_evidence", "caps", "clause"):
            told = getattr(rule, field)
            now = getattr(row, field) if isinstance(row, Rule) else row
            if told != now:
                message = f"规则 {key[0]} 第 {key[1]} 版的 {field} 公布时为 {told}，规则表里为 {now}"
                finding = Finding(message=message, expected=_plain(told), found=_plain(now), entry=act, table="rule", field=field)
                found.append((ground.place, finding))
    return found


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "items") else value
