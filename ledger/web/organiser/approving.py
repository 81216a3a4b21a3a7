"""What waits for an approver: clean rows together, flagged ones one by one, one's own never."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from ledger.domain.errors import InvalidInput, LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.organiser import showing
from ledger.web.organiser.place import ROLES, blueprint, go, page, typed
from ledger.web.public.telling import points

PICKS_MAX = 200


@blueprint.get("/waiting")
@gate.allow(*ROLES)
def waiting() -> Response:
    return _list()


@blueprint.post("/waiting")
@gate.allow(*ROLES)
def take_picks() -> Response:
    """Approve the rows that were ticked, each under a key of its own, so that a lost answer repeats nothing."""
    picks = request.form.getlist("pick")[:PICKS_MAX]
    if not picks:
        return _list(InvalidInput("pick", "missing"), told=_("还没有选。先勾上要批的，再按批准。"))
    whole = page_request("approve_attendances", {})
    try:
        for id in picks:
            each = replace(whole, name="approve_attendance", key=f"{whole.key}.{id}", body={"attendance": id})
            approve_attendance(gate.book(), each, attendance=id)
    except LedgerError as error:
        return _list(error)
    flash(_("批准了%(n)s条，积分待公示。", n=len(picks)), "done")
    return go("waiting")


@blueprint.get("/attendances/<string:id>")
@gate.allow(*ROLES)
def attendance(id: str) -> Response:
    """One attendance with everything to weigh, and the two buttons."""
    return _one(id)


@blueprint.post("/attendances/<string:id>/approve")
@gate.allow(*ROLES)
def approve(id: str) -> Response:
    try:
        answer = approve_attendance(gate.book(), page_request("approve_attendance", {"attendance": id}), attendance=id)
    except LedgerError as error:
        return _one(id, error)
    flash(_("批准了，计%(n)s分，待公示。", n=points(answer["points"])), "done")
    return go("activity", id=answer["activity"])


@blueprint.post("/attendances/<string:id>/reject")
@gate.allow(*ROLES)
def reject(id: str) -> Response:
    """Return it with a reason; what it earned is taken back by opposite entries."""
    reason = typed("reason", 500).strip()
    if not reason:
        return _one(id, InvalidInput("reason", "missing"))
    try:
        body = {"attendance": id, "reason": reason}
        answer = reject_attendance(gate.book(), page_request("reject_attendance", body), attendance=id, reason=reason)
    except LedgerError as error:
        return _one(id, error, reason=reason)
    flash(_("退回了。它的积分和时长都不计。"), "done")
    return go("activity", id=answer["activity"])


def _list(refused: LedgerError | None = None, told: str = "") -> Response:
    rows = gate.book().read(_rows)
    key = optional_key() or new_request_key()
    return page("waiting.html", title=_("等我批"), current="waiting", refused=refused, told=told, rows=rows, key=key)


def _rows(unit: Unit) -> list[dict[str, Any]]:
    return [showing.approval_row(one.came, one.activity) for one in view_activity.waiting(unit, gate.actor())]


def _one(id: str, refused: LedgerError | None = None, reason: str = "") -> Response:
    roll, came = gate.book().read(lambda unit: view_activity.one_attendance(unit, gate.actor(), id))
    mine = came.attendance
    kind, word = showing.state_words(mine)
    return page(
        "attendance.html", title=_("一次签到"), current="waiting", refused=refused, who={"name": came.person, "tail": came.card_tail},
        facts=showing.attendance_facts(roll, came), flags=showing.flag_words(mine), chip=kind, state=word,
        must_be_other=mine.state == "waiting" and (came.is_own or came.is_recorder),
        may_approve=mine.state == "waiting" and not came.is_own and not came.is_recorder,
        may_reject=mine.state != "rejected" and not came.is_own, reason=reason,
        key=optional_key() or new_request_key(), id=mine.id, back_href=url_for("organiser.activity", id=roll.activity.id),
    )  # fmt: skip
