"""What came of a check-in or a check-out (wireframe W3)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext as _

from ledger.domain.earning import raw_points, served_minutes
from ledger.domain.errors import NotFound
from ledger.storage import cycles, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Unit
from ledger.web import gate
from ledger.web.public import frame, telling
from ledger.web.public.frame import Resident
from ledger.web.public.sums import sum_of

blueprint = Blueprint("attendance", __name__)


@blueprint.get("/me/attendances/<string:id>")
@gate.signed_in
def attendance(id: str) -> Response:
    """What came of a check-in or a check-out."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        mine = service.attendance(unit, id)
        found = service.activity(unit, mine.activity) if mine else None
        if mine is None or found is None or mine.person != resident.id:
            raise NotFound("attendance")
        return result_values(unit, resident, found, mine)

    values = gate.book().read(read)
    return frame.page("volunteer/result.html", tab="activities", title=values["heading"], **values)


def result_values(unit: Unit, resident: Resident, found: Activity, mine: Attendance) -> dict[str, Any]:
    """The values of volunteer/result.html, for whoever just came or left."""
    is_in, is_out = mine.state == "in", mine.left_at is not None
    at = mine.left_at or mine.came_at
    return {
        "name": resident.name,
        "heading": _heading(mine),
        "kind": "waiting" if mine.state == "waiting" else "refused" if mine.state == "rejected" else "done",
        "at": telling.clock(at),
        "what": " · ".join(part for part in (found.name, found.place or found.host) if part),
        "now_words": _now_words(unit, mine),
        "is_planned": not mine.earned_act,
        "sum": _sum(unit, found, mine),
        "advice": [
            str(_("走之前再扫一次同一张码。")),
            str(_("忘了扫，按%(at)s结束记。", at=telling.clock(found.ends_at))),
        ]
        if is_in
        else [],
        "served": telling.served(mine.minutes) if is_out and mine.minutes else "",
    }


def _sum(unit: Unit, found: Activity, mine: Attendance) -> dict[str, Any] | None:
    """What it earned, or will earn when served to the planned end."""
    rule = service.rule(unit, found.rule, found.rule_version)
    if rule is None or mine.state == "rejected":
        return None
    minutes = mine.minutes or served_minutes(mine.came_at, None, found.starts_at, found.ends_at)
    if mine.earned_act:
        return sum_of(rule, minutes, mine.raw_points, mine.points, mine.capped_by)
    raw = raw_points(rule, minutes)
    return sum_of(rule, minutes, raw, raw, "")


def _heading(mine: Attendance) -> str:
    if mine.state == "in":
        return str(_("签到成功"))
    if mine.state == "waiting":
        return str(_("已记下，等核对"))
    if mine.state == "rejected":
        return str(_("这次没有计分"))
    return str(_("签退成功")) if mine.left_at is not None else str(_("已记下"))


def _now_words(unit: Unit, mine: Attendance) -> str:
    if mine.state == "waiting":
        return str(_("活动负责人核对后才计分，结果在“积分明细”。"))
    if mine.state == "rejected":
        return str(_("负责人核对后没有计分。有疑问请到站点，或在公示期提出。"))
    found = cycles.cycle(unit, mine.cycle)
    if found is not None and found[0].notice_ends_at > gate.now():
        return str(_("现在：待公示，%(day)s公示结束后可用。", day=telling.day(telling.end_of(found[0].notice_ends_at))))
    return str(_("现在：待公示，公示结束后可用。"))
