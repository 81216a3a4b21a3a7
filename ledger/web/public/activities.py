"""活动: what is on in one's community, and one activity as anybody may see it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _

from ledger.domain.act import instant, micros
from ledger.domain.errors import InvalidInput, LedgerError, NotFound
from ledger.passes.links import pass_in
from ledger.storage import people, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Unit
from ledger.web import gate
from ledger.web.public import frame, telling
from ledger.web.public.frame import Resident
from ledger.web.refusing import sentence_of

PAGE: Final = 20
MINE: Final = 5

blueprint = Blueprint("activities", __name__)


@blueprint.get("/activities")
@gate.everyone
def activities() -> Response:
    """What is on, by start. A resident sees their own community first; everybody may see all."""
    is_all = request.args.get("all") == "1"
    after = _cursor(request.args.get("after", ""))

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        area = resident.pool if resident and not is_all else ""
        found = service.activities(unit, since=gate.now(), area=area, after=after, most=PAGE + 1)
        names = {a.code: a.name for a in people.areas(unit)}
        last = found[PAGE - 1] if len(found) > PAGE else None
        following = f"?{'all=1&' if is_all else ''}after={micros(last.starts_at)}.{last.id}" if last else ""
        return {
            "rows": [_row(a, names) for a in found[:PAGE]],
            "next": following,
            "mine": [_attended(row) for row in unit.rows(service.ATTENDANCES_OF, person=resident.id, most=MINE)] if resident else [],
            "place": names.get(area, ""),
        }

    values = gate.book().read(read)
    return frame.page("public/activities.html", title=_("活动"), tab="activities", is_all=is_all, error="", **values)


@blueprint.post("/activities/code")
@gate.everyone
def typed_code() -> Response:
    """The eight letters under a code, for a camera that cannot scan: leads to the page the code leads to."""
    text = request.form.get("code", "")[:500]
    try:
        found = pass_in(text, (gate.book_settings().public_url,))
    except LedgerError as error:
        gate.book().read(frame.me_or_none)
        return frame.page(
            "public/activities.html", title=_("活动"), tab="activities", status=422, rows=[], mine=[], next="", place="", is_all=False,
            error=sentence_of(error),
        )  # fmt: skip
    return redirect(f"/q/{found}", 303)  # type: ignore[return-value]


@blueprint.get("/activities/<string:id>")
@gate.everyone
def activity(id: str) -> Response:
    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        found = service.activity(unit, id)
        if found is None or found.status != "open":
            raise NotFound("activity")
        return activity_values(unit, found, resident)

    values = gate.book().read(read)
    return frame.page("public/activity.html", tab="activities", title=values["name"], **values)


def activity_values(unit: Unit, found: Activity, resident: Resident | None) -> dict[str, Any]:
    """One activity as anybody may see it, with one's own part in it."""
    rule = service.rule(unit, found.rule, found.rule_version)
    area = people.area(unit, found.area)
    mine = service.attendance_at(unit, found.id, resident.id) if resident else None
    present = int(unit.value(service.PRESENT, activity=found.id))
    return {
        "id": found.id,
        "name": found.name,
        "when": telling.span(found.starts_at, found.ends_at),
        "place": found.place or (area.name if area else ""),
        "host": found.host,
        "kind": found.kind,
        "is_over": found.ends_at <= gate.now(),
        "room": _room(found, present),
        "rule": _rule_words(rule.basis, telling.points(rule.points)) if rule else "",
        "clause": rule.clause if rule else "",
        "mine": _mine_words(mine),
        "mine_href": f"/me/attendances/{mine.id}" if mine else "",
    }


def opens_at(found: Activity) -> datetime:
    """When check-in opens."""
    return found.starts_at - timedelta(minutes=gate.book_settings().earning.check_in_opens_minutes)


def _mine_words(mine: Attendance | None) -> str:
    if mine is None:
        return ""
    if mine.state == "in":
        return str(_("您%(at)s已签到。", at=telling.clock(mine.came_at)))
    if mine.left_at is not None:
        return str(_("您参加过了，服务%(time)s。", time=telling.served(mine.minutes)))
    return str(_("您参加过了。"))


def _rule_words(basis: str, points: int | str) -> str:
    if basis == "event":
        return str(_("每次%(n)s分", n=points))
    return str(_("每小时%(n)s分", n=points))


def _room(found: Activity, present: int) -> str:
    if found.capacity is None:
        return ""
    left = found.capacity - present
    return str(_("还可来%(n)s人", n=left)) if left > 0 else str(_("人已满"))


def _row(a: Activity, names: dict[str, str]) -> dict[str, str]:
    return {
        "title": a.name,
        "sub": " · ".join(part for part in (telling.span(a.starts_at, a.ends_at), a.place or names.get(a.area, "")) if part),
        "href": f"/activities/{a.id}",
    }


def _attended(row: Any) -> dict[str, Any]:
    id, name, state, came_at, _left_at, minutes, points, _cycle, ends_at, *_rest = row
    is_on = state == "in" and instant(ends_at) > gate.now()
    sub = telling.moment(instant(came_at)) + (f" · {telling.served(minutes)}" if minutes else "")
    chip = {"waiting": ("waiting", _("等核对")), "rejected": ("refused", _("没有计分"))}.get(state, ("", ""))
    return {
        "title": name,
        "sub": sub,
        "href": f"/me/attendances/{id}",
        "amount": telling.signed(points) if points else "",
        "chip_kind": "chosen" if is_on else chip[0],
        "chip_text": _("正在服务") if is_on else chip[1],
    }


def _cursor(text: str) -> tuple[int, str]:
    """Raises InvalidInput for what is no cursor of ours."""
    if not text:
        return 0, ""
    found = re.fullmatch(r"([0-9]{1,18})\.([0-9a-zA-Z-]{1,64})", text)
    if found is None:
        raise InvalidInput("after")
    return int(found[1]), found[2]
