"""Approve an attendance that waits for an approver, or reject one: never one's own, never what one recorded oneself."""

from __future__ import annotations

from dataclasses import replace

from ledger.domain.earning import served_minutes
from ledger.domain.entry import opposite
from ledger.domain.errors import AlreadyReversed, NotFound, SelfApproval
from ledger.domain.people import require, require_area
from ledger.storage import cycles, journal, objections, people, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.check_in import answer_of
from ledger.usecases.check_out import check_not_self, credit
from ledger.usecases.request import Answer, Request, keep_note, once, with_note


def approve_attendance(book: Book, request: Request, *, attendance: str) -> Answer:
    """Give a waiting attendance its points and minutes.

    Raises: NotFound, Forbidden (other area), SelfApproval (own record, or recorded by the approver).
    """
    require(request.actor, "organiser", "officer")

    def work(unit: Unit) -> Answer:
        activity, mine = _find(unit, request, attendance)
        if request.actor.id == mine.recorded_by and not request.actor.is_console:
            raise SelfApproval()
        if mine.state != "waiting":
            return answer_of(mine, activity)
        rule = service.rule(unit, activity.rule, activity.rule_version)
        assert rule is not None
        left_at = mine.left_at or activity.ends_at
        minutes = served_minutes(mine.came_at, left_at, activity.starts_at, activity.ends_at)
        done = replace(mine, state="approved", left_at=left_at, minutes=minutes)
        done = credit(unit, request, activity, rule, done, minutes=minutes, with_points=True)
        service.update_attendance(unit, done, was="waiting")
        return answer_of(done, activity)

    return once(book, request, work)


def reject_attendance(book: Book, request: Request, *, attendance: str, reason: str) -> Answer:
    """Reject an attendance: pending points are voided and honour minutes taken back by opposite entries.

    Raises: as approving; AlreadyReversed when its points were already settled (then only a correction helps).
    """
    require(request.actor, "organiser", "officer")

    def work(unit: Unit) -> Answer:
        activity, mine = _find(unit, request, attendance)
        if mine.state == "rejected":
            return answer_of(mine, activity)
        for id in dict.fromkeys(a for a in (mine.earned_act, mine.served_act) if a):
            _take_back(unit, request, id, is_earning=id == mine.earned_act, reason=reason)
        done = replace(mine, state="rejected", points=0, minutes=0)
        service.update_attendance(unit, done, was=mine.state)
        return answer_of(replace(done, earned_act=""), activity)

    return once(book, request, work)


def _find(unit: Unit, request: Request, id: str) -> tuple[Activity, Attendance]:
    """The attendance as it stands once nobody else can move it. Lines are locked before holders, as a settlement does."""
    mine = service.attendance(unit, id)
    activity = service.activity(unit, mine.activity) if mine else None
    if mine is None or activity is None:
        raise NotFound("attendance")
    require_area(request.actor, people.lineage(unit, activity.area))
    check_not_self(request, mine.person)
    cycles.lock_lines_of(unit, [mine.earned_act] if mine.earned_act else [])
    people.lock(unit, mine.person)
    now = service.attendance(unit, id)
    if now is None or now.state == "undone":
        raise NotFound("attendance")
    return activity, now


def _take_back(unit: Unit, request: Request, id: str, *, is_earning: bool, reason: str) -> None:
    original = journal.act_by_id(unit, id)
    assert original is not None, id
    if is_earning and journal.act_resolving(unit, id) is not None:
        raise AlreadyReversed()
    act = request.act(
        unit.book, "reversed", subject=original.subject, cycle=original.cycle, rule=original.rule, rule_version=original.rule_version,
        clause=original.clause, evidence=original.evidence, reverses=id, resolves=id if is_earning else "",
        postings=opposite(original.postings),
    )  # fmt: skip
    act = with_note(unit.book, act, reason)
    journal.post(unit, [act])
    if is_earning:
        objections.void_lines(unit, [id])
    keep_note(unit.book, unit, act, reason)
