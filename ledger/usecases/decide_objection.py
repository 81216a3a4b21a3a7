"""Decide an objection: the line stands and settles, or it is voided. Never by whoever recorded or approved the line."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ledger.domain.act import Act
from ledger.domain.entry import opposite
from ledger.domain.errors import AlreadyReversed, InvalidInput, NotFound, ObjectionClosed, SelfApproval
from ledger.domain.people import require
from ledger.storage import journal, objections, people, service
from ledger.storage.objections import NoticeLine, Objection
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.object_to_line import line_id
from ledger.usecases.open_cycle import booking_cycle
from ledger.usecases.request import NOTE_LENGTH_MAX, Answer, Request, once, with_note

OUTCOMES: Final = {"confirm": "refused", "uphold": "upheld"}
"""What an officer says, and the state the objection is left in: to confirm the line refuses the objection."""


def decide_objection(book: Book, request: Request, *, tracking: str, outcome: str, answer: str) -> Answer:
    """Decide.

    Args:
        outcome: "confirm" (the line stands; it settles with its notice, or at once when that is over) or "uphold"
        (its points are voided, its minutes taken back). answer: what the objector is told, sealed.
    Returns: {tracking, state, line, line_state, entry}; entry is the voiding act, None for confirm.
    Raises: Forbidden, SelfApproval (own line, or one the officer recorded or approved), NotFound, InvalidInput,
    ObjectionClosed when it was decided before, AlreadyReversed when the line is settled or gone.
    """
    require(request.actor, "officer")
    if outcome not in OUTCOMES:
        raise InvalidInput("outcome", "unknown")
    if not answer.strip() or len(answer) > NOTE_LENGTH_MAX:
        raise InvalidInput("answer", "too_long" if answer.strip() else "missing")

    def work(unit: Unit) -> Answer:
        found = objections.objection(unit, tracking)
        if found is None:
            raise NotFound("objection")
        line = objections.line(unit, found.cycle, found.line)
        assert line is not None, found.tracking
        people.lock(unit, line.holder)
        earned = journal.act_by_id(unit, line.earned_act)
        assert earned is not None, line.earned_act
        _check_apart(unit, request, earned, line)
        sealed = book.keyring.seal("objection answer", tracking, answer.strip())
        state = OUTCOMES[outcome]
        if not objections.decide(unit, tracking, state=state, now=request.now, by=request.actor.id, answer=sealed):
            raise ObjectionClosed()
        journal.post(unit, [_decided(unit, request, found, state, answer)])
        entry = None
        if outcome == "uphold":
            entry = _void(unit, request, line, earned)
        else:
            _confirm(unit, line)
        after = objections.line(unit, line.cycle, line.line)
        assert after is not None
        return {"tracking": tracking, "state": state, "line": line_id(line.cycle, line.line), "line_state": after.state, "entry": entry}

    return once(book, request, work)


def _check_apart(unit: Unit, request: Request, earned: Act, line: NoticeLine) -> None:
    if request.actor.is_self(line.holder):
        raise SelfApproval()
    attendance = service.attendance(unit, str(earned.facts.get("attendance", "")))
    makers = {earned.actor, attendance.recorded_by if attendance else ""}
    if request.actor.id in makers and not request.actor.is_console:
        raise SelfApproval()


def _decided(unit: Unit, request: Request, found: Objection, state: str, answer: str) -> Act:
    act = request.act(unit.book, "objection_decided", subject=found.tracking, cycle=found.cycle, facts={"outcome": state})
    return with_note(unit.book, act, answer)


def _confirm(unit: Unit, line: NoticeLine) -> None:
    """The line settles again, unless another objection to it is open."""
    if not objections.open_on_line(unit, line):
        objections.move_line(unit, line, was="reviewing", to="noticed")


def _void(unit: Unit, request: Request, line: NoticeLine, earned: Act) -> str | None:
    """Turn the earning back, and the minutes that were credited apart from it."""
    if line.state == "voided":
        return None
    if line.state == "settled" or journal.act_resolving(unit, earned.id) is not None:
        raise AlreadyReversed()
    header = {
        "subject": earned.subject, "cycle": booking_cycle(unit, request, earned.cycle), "rule": earned.rule,
        "rule_version": earned.rule_version, "clause": earned.clause, "evidence": earned.evidence,
    }  # fmt: skip
    voided = request.act(
        unit.book, "points_voided", resolves=earned.id, facts={"reason": "objection"}, postings=opposite(earned.postings), **header
    )
    acts = [voided]
    attendance = service.attendance(unit, str(earned.facts.get("attendance", "")))
    if attendance is not None and attendance.served_act not in ("", earned.id):
        served = journal.act_by_id(unit, attendance.served_act)
        if served is not None and served.postings and not journal.is_reversed(unit, served.id):
            acts.append(request.act(unit.book, "reversed", reverses=served.id, postings=opposite(served.postings), **header))
    journal.post(unit, acts)
    if attendance is not None and attendance.state not in ("rejected", "undone"):
        service.update_attendance(unit, replace(attendance, state="rejected", points=0, minutes=0), was=attendance.state)
    objections.move_line(unit, line, was=line.state, to="voided")
    return voided.id
