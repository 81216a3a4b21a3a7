"""Check in, check out, approve, reject."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ledger.domain.errors import Forbidden, InvalidInput
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.usecases.check_in import check_in_for, check_in_oneself
from ledger.usecases.check_out import check_out_for, check_out_oneself
from ledger.usecases.request import Answer
from ledger.web import gate
from ledger.web.api import Body, Code, Text, api_blueprint
from ledger.web.api.edge import in_points
from ledger.web.asking import api_request

blueprint = api_blueprint("api_attendances", __name__, tag="签到")

STAFF = ("organiser", "keeper", "officer")


class CheckBody(Body):
    """A volunteer: `pass`. Staff: `activity` with `volunteer_pass` or `card`."""

    shown: Code | None = Field(default=None, alias="pass")
    activity: Code | None = None
    volunteer_pass: Code | None = None
    card: Code | None = None


class CheckInBody(CheckBody):
    at_place: bool | None = None


class AttendanceAnswer(BaseModel):
    attendance: str
    activity: str
    state: str
    evidence_level: int
    points: int | float
    points_state: str
    minutes: int


class AttendancePath(BaseModel):
    attendance: Code


class ReasonBody(Body):
    reason: Text = ""


@blueprint.post("/check-ins", summary="签到", responses={201: AttendanceAnswer})
@gate.allow("volunteer", *STAFF)
def check_in(body: CheckInBody) -> tuple[Answer, int]:
    """By the venue's code as a volunteer, or by the volunteer's code or card as staff."""
    request = api_request("check_in", body.model_dump(exclude_none=True))
    if body.shown is not None:
        _check_own(body)
        answer = check_in_oneself(gate.book(), request, shown=body.shown, at_place=body.at_place)
    else:
        activity, shown = _staff_form(body)
        answer = check_in_for(gate.book(), request, activity=activity, shown=shown)
    return in_points(answer, "points"), 201


@blueprint.post("/check-outs", summary="签退", responses={200: AttendanceAnswer})
@gate.allow("volunteer", *STAFF)
def check_out(body: CheckBody) -> Answer:
    """As checking in; again: the same answer."""
    request = api_request("check_out", body.model_dump(exclude_none=True))
    if body.shown is not None:
        _check_own(body)
        answer = check_out_oneself(gate.book(), request, shown=body.shown)
    else:
        activity, shown = _staff_form(body)
        answer = check_out_for(gate.book(), request, activity=activity, shown=shown)
    return in_points(answer, "points")


@blueprint.post("/attendances/<string:attendance>/approve", summary="批准一条签到", responses={200: AttendanceAnswer})
@gate.allow("organiser", "officer")
def approve(path: AttendancePath, body: ReasonBody) -> Answer:
    """Give a waiting attendance its points; never one's own."""
    request = api_request("approve_attendance", {"attendance": path.attendance, "reason": body.reason})
    return in_points(approve_attendance(gate.book(), request, attendance=path.attendance), "points")


@blueprint.post("/attendances/<string:attendance>/reject", summary="退回一条签到", responses={200: AttendanceAnswer})
@gate.allow("organiser", "officer")
def reject(path: AttendancePath, body: ReasonBody) -> Answer:
    """Take back what an attendance earned; never one's own."""
    request = api_request("reject_attendance", {"attendance": path.attendance, "reason": body.reason})
    return in_points(reject_attendance(gate.book(), request, attendance=path.attendance, reason=body.reason), "points")


def _check_own(body: CheckBody) -> None:
    if body.activity is not None or body.volunteer_pass is not None or body.card is not None:
        raise InvalidInput("pass", "unknown_field")


def _staff_form(body: CheckBody) -> tuple[str, str]:
    """(activity, what was shown) of the staff form. Raises InvalidInput by field, Forbidden for a volunteer who is no staff."""
    if not gate.actor().has(*STAFF):
        if body.activity is None and body.volunteer_pass is None and body.card is None:
            raise InvalidInput("pass", "missing")
        raise Forbidden()
    if body.activity is None:
        raise InvalidInput("activity", "missing")
    if (body.volunteer_pass is None) == (body.card is None):
        raise InvalidInput("volunteer_pass", "missing" if body.card is None else "unknown_field")
    return body.activity, body.volunteer_pass or body.card or ""
