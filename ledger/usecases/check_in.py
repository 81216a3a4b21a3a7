"""Check in: a volunteer by the venue's rotating code, or an organiser or keeper by the volunteer's code or card."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ledger.domain.act import micros
from ledger.domain.earning import Rule, check_in_window
from ledger.domain.errors import AlreadyCheckedIn, CapacityFull, Forbidden, NotFound, NotOpen, OverlappingService
from ledger.domain.people import require, require_area
from ledger.passes.signing import ACTIVITY_CODE, POSTER
from ledger.storage import journal, people, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.earn import earn, explanation
from ledger.usecases.identify import TICKET_LIFE, identify, read_pass
from ledger.usecases.open_cycle import cycle_for_fact
from ledger.usecases.request import Answer, Request, once

BY_CODE, BY_POSTER, BY_STAFF = 2, 1, 2


def check_in_oneself(
    book: Book, request: Request, *, shown: str, seen_at: datetime | None = None, person: str = "", at_place: bool | None = None
) -> Answer:
    """A volunteer scans the venue's code (L2) or its poster (L1).

    seen_at: when the page behind the link was opened; it keeps counting for ten minutes.
    person: the holder who came, when several share the phone (default: the actor's own).
    Returns: {attendance, state, evidence_level, points, points_state, activity}; points in smallest steps.
    Raises: PassInvalid, PassExpired, NotOpen, AlreadyCheckedIn, OverlappingService, CapacityFull, Forbidden.
    """
    who = person or request.actor.person
    if not who or not request.actor.is_self(who):
        raise Forbidden()
    now = request.now
    moment = seen_at if seen_at is not None and now - TICKET_LIFE <= seen_at <= now else now
    flags = "" if at_place in (None, True) else "far_away"

    def work(unit: Unit) -> Answer:
        """The code is read here, so that a request asked again under its key is answered after the code has died."""
        read = read_pass(book, shown, moment, frozenset({ACTIVITY_CODE, POSTER}))
        level = BY_CODE if read.purpose == ACTIVITY_CODE else BY_POSTER
        return _check_in(unit, request, read.subject, who, level, moment, flags)

    return once(book, request, work)


def check_in_for(book: Book, request: Request, *, activity: str, shown: str, seen_at: datetime | None = None) -> Answer:
    """An organiser or keeper scans a volunteer's code or card: the same rules, staff evidence.

    Raises: also Forbidden outside the organiser's area, and whatever `identify` raises.
    """
    require(request.actor, "organiser", "keeper", "officer")

    def work(unit: Unit) -> Answer:
        found = service.activity(unit, activity)
        if found is None:
            raise NotFound("activity")
        if not request.actor.has("keeper"):
            require_area(request.actor, people.lineage(unit, found.area))
        who = identify(unit, shown, now=request.now, seen_at=seen_at)
        if who.how == "hold":
            raise NotFound("person")
        if request.actor.is_self(who.holder):
            raise Forbidden(reason="own_attendance")
        return _check_in(unit, request, found.id, who.holder, BY_STAFF, request.now, "")

    return once(book, request, work)


def _check_in(unit: Unit, request: Request, activity_id: str, person: str, level: int, came_at: datetime, flags: str) -> Answer:
    locked = people.lock(unit, person)
    if locked is None or locked[0] not in ("active", "provisional"):
        raise NotFound("person")
    activity = service.lock_activity(unit, activity_id)
    if activity is None or activity.status != "open":
        raise NotFound("activity")
    _check_window(unit.book, activity, came_at)
    if service.attendance_at(unit, activity.id, person) is not None:
        raise AlreadyCheckedIn()
    _check_overlap(unit, activity, person, request.now)
    if activity.capacity is not None and unit.value(service.PRESENT, activity=activity.id) >= activity.capacity:
        raise CapacityFull(activity.capacity)
    rule = service.rule(unit, activity.rule, activity.rule_version)
    assert rule is not None, activity.rule
    return _record(unit, request, activity, rule, person, level, came_at, flags)


def _check_window(book: Book, activity: Activity, at: datetime) -> None:
    opens_at, ends_at = check_in_window(activity.starts_at, activity.ends_at)
    opens_at = activity.starts_at - timedelta(minutes=book.settings.earning.check_in_opens_minutes)
    if not opens_at <= at < ends_at:
        zone = ZoneInfo(book.settings.zone)
        shown = [f"{t.astimezone(zone):%H:%M}" for t in (opens_at, activity.starts_at, ends_at)]
        raise NotOpen(opens_at=shown[0], starts_at=shown[1], ends_at=shown[2])


def _check_overlap(unit: Unit, activity: Activity, person: str, now: datetime) -> None:
    row = unit.row(
        service.OVERLAPPING,
        person=person,
        activity=activity.id,
        starts_at=micros(activity.starts_at),
        ends_at=micros(activity.ends_at),
        now=micros(now),
    )
    if row is not None:
        raise OverlappingService(row[0])


def _record(unit: Unit, request: Request, activity: Activity, rule: Rule, person: str, level: int, came_at: datetime, flags: str) -> Answer:
    """Write the attendance; an event rule with enough evidence earns pending points at once."""
    book, cycle_late = unit.book, cycle_for_fact(unit, request, activity.starts_at)
    cycle, late = cycle_late
    state = "in" if level >= rule.min_evidence else "waiting"
    mine = Attendance(
        book.ids.new(request.now), activity.id, person, state, came_at, None, 0, 0, 0, "", cycle.name, level,
        " ".join(f for f in (flags, "late" if late else "") if f), "", "", request.actor.id,
    )  # fmt: skip
    facts: dict[str, object] = {"attendance": mine.id, "came_at": micros(came_at)}
    given = earn(
        unit, rule=rule, activity=activity, attendance=mine, cycle=cycle, minutes=0, with_points=state == "in" and rule.basis == "event"
    )
    kind = "service_earned" if given.postings else "checked_in"
    if given.postings:
        facts |= {"raw": given.award.raw, "capped_by": given.award.capped_by, "lot": given.lot}
    act = request.act(
        book, kind, occurred_at=came_at, cycle=cycle.name, facts=facts, postings=given.postings, **explanation(rule, activity, mine)
    )
    if given.postings:
        mine = replace(mine, points=given.points, raw_points=given.award.raw, capped_by=given.award.capped_by, earned_act=act.id)
    journal.post(unit, [act])
    service.insert_attendance(unit, mine)
    return answer_of(mine, activity)


def answer_of(attendance: Attendance, activity: Activity) -> Answer:
    """What a check-in answers; points in smallest steps."""
    points_state = "pending" if attendance.earned_act else "awaiting_approval" if attendance.state == "waiting" else "none"
    return {
        "attendance": attendance.id,
        "activity": activity.id,
        "state": "checked_in" if attendance.state == "in" else attendance.state,
        "evidence_level": attendance.evidence_level,
        "points": attendance.points,
        "points_state": points_state,
        "minutes": attendance.minutes,
    }
