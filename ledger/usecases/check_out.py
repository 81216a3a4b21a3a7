"""Check out, or be closed at the planned end: served minutes become honour, and points where the rule counts minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from ledger.domain.act import micros
from ledger.domain.earning import Rule, served_minutes
from ledger.domain.errors import Forbidden, NotFound, SelfApproval
from ledger.domain.people import require, require_area
from ledger.passes.signing import ACTIVITY_CODE, POSTER
from ledger.storage import journal, people, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.check_in import answer_of
from ledger.usecases.earn import earn, explanation
from ledger.usecases.identify import TICKET_LIFE, identify, read_pass
from ledger.usecases.open_cycle import cycle_for_record
from ledger.usecases.request import Answer, Request, once

CHUNK: Final = 100


def check_out_oneself(book: Book, request: Request, *, shown: str, seen_at: datetime | None = None) -> Answer:
    """A volunteer scans the venue's code again. Raises NotFound when not checked in there, and what the pass raises."""
    now, who = request.now, request.actor.person
    if not who:
        raise Forbidden()
    moment = seen_at if seen_at is not None and now - TICKET_LIFE <= seen_at <= now else now

    def work(unit: Unit) -> Answer:
        read = read_pass(book, shown, moment, frozenset({ACTIVITY_CODE, POSTER}))
        return _check_out(unit, request, read.subject, who, moment)

    return once(book, request, work)


def check_out_for(book: Book, request: Request, *, activity: str, shown: str, seen_at: datetime | None = None) -> Answer:
    """An organiser or keeper scans the volunteer's code or card again."""
    require(request.actor, "organiser", "keeper", "officer")

    def work(unit: Unit) -> Answer:
        found = service.activity(unit, activity)
        if found is None:
            raise NotFound("activity")
        if not request.actor.has("keeper"):
            require_area(request.actor, people.lineage(unit, found.area))
        who = identify(unit, shown, now=request.now, seen_at=seen_at)
        return _check_out(unit, request, found.id, who.holder, request.now)

    return once(book, request, work)


def close_forgotten(book: Book, request: Request) -> int:
    """Close check-ins of activities that have ended, at the planned end, flagged. Returns how many."""
    closed = 0
    while count := book.run(lambda unit: _close_chunk(unit, request)):
        closed += count
    return closed


def _close_chunk(unit: Unit, request: Request) -> int:
    """Close a few; whoever checks out at the same moment is closed once, by whichever comes first."""
    found = unit.rows(service.FORGOTTEN, now=micros(request.now), most=CHUNK)
    unit.rows(people.LOCK_MANY, ids=sorted({person for _id, person in found}))
    done = 0
    for id, _person in found:
        mine = service.attendance(unit, id)
        if mine is not None and mine.state == "in":
            activity = service.activity(unit, mine.activity)
            assert activity is not None
            _finish(unit, request, activity, mine.flagged("closed_at_planned_end"), activity.ends_at)
            done += 1
    return done


def _check_out(unit: Unit, request: Request, activity_id: str, person: str, left_at: datetime) -> Answer:
    people.lock(unit, person)
    activity = service.activity(unit, activity_id)
    mine = service.attendance_at(unit, activity.id, person) if activity else None
    if activity is None or mine is None:
        raise NotFound("attendance")
    if mine.state != "in":
        return answer_of(mine, activity)
    return answer_of(_finish(unit, request, activity, mine, left_at), activity)


def _finish(unit: Unit, request: Request, activity: Activity, mine: Attendance, left_at: datetime) -> Attendance:
    rule = service.rule(unit, activity.rule, activity.rule_version)
    assert rule is not None
    minutes = served_minutes(mine.came_at, left_at, activity.starts_at, activity.ends_at)
    done = replace(mine, state="out", left_at=left_at, minutes=minutes)
    done = credit(unit, request, activity, rule, done, minutes=minutes, with_points=not mine.earned_act and rule.basis == "minute")
    service.update_attendance(unit, done, was=mine.state)
    return done


def credit(
    unit: Unit, request: Request, activity: Activity, rule: Rule, mine: Attendance, *, minutes: int, with_points: bool
) -> Attendance:
    """Post what the attendance earns now and return it with what came of it.

    Its quarter may have been cut off since it was recorded (an approval, a check-out closed late): then it counts for the one
    that is earning, flagged as late. Points that it earned before stay where they are.
    """
    cycle, late = cycle_for_record(unit, request, mine.cycle, activity.starts_at)
    mine = mine.flagged("late") if late else mine
    if not mine.earned_act:
        mine = replace(mine, cycle=cycle.name)
    given = earn(unit, rule=rule, activity=activity, attendance=mine, cycle=cycle, with_points=with_points, minutes=minutes)
    facts: dict[str, object] = {"attendance": mine.id, "minutes": minutes, "flags": mine.flags}
    facts |= {"left_at": micros(mine.left_at)} if mine.left_at else {}
    if given.points:
        facts |= {"raw": given.award.raw, "capped_by": given.award.capped_by, "lot": given.lot}
    act = request.act(
        unit.book, "service_earned" if given.points else "service_served", occurred_at=min(mine.left_at or request.now, request.now),
        cycle=cycle.name, facts=facts, postings=given.postings, **explanation(rule, activity, mine),
    )  # fmt: skip
    journal.post(unit, [act])
    if given.points:
        mine = replace(mine, points=given.points, raw_points=given.award.raw, capped_by=given.award.capped_by, earned_act=act.id)
    return replace(mine, served_act=act.id) if minutes else mine


def check_not_self(request: Request, person: str) -> None:
    """Nobody approves their own record. Raises SelfApproval."""
    if request.actor.is_self(person):
        raise SelfApproval()
