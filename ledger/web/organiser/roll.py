"""One activity: who came, and checking people in or out by what a gun, a camera or a hand brings."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from ledger.domain.errors import LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.usecases.check_in import check_in_for
from ledger.usecases.check_out import check_out_for
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.organiser import showing
from ledger.web.organiser.place import ROLES, blueprint, go, page, typed
from ledger.web.public.telling import clock, points, served
from ledger.web.station.tickets import normal

OUT: Final = "out"


@blueprint.get("/activities/<string:id>")
@gate.allow(*ROLES)
def activity(id: str) -> Response:
    return _page(id)


@blueprint.post("/activities/<string:id>/people")
@gate.allow(*ROLES)
def take_scan(id: str) -> Response:
    """Check somebody in, or out, by their code or card."""
    shown, is_out = normal(typed("code")), typed("mode") == OUT
    body = {"activity": id, "shown": shown}
    try:
        if is_out:
            answer = check_out_for(gate.book(), page_request("check_out_for", body), activity=id, shown=shown)
        else:
            answer = check_in_for(gate.book(), page_request("check_in_for", body), activity=id, shown=shown)
    except LedgerError as error:
        return _page(id, refused=error, mode=OUT if is_out else "")
    came = gate.book().read(lambda unit: view_activity.person_came(unit, gate.actor(), answer["attendance"]))
    flash(_out_words(came, answer) if is_out else _in_words(came, answer), "waiting" if answer["state"] == "waiting" else "done")
    return go("activity", id=id, **({"mode": OUT} if is_out else {}))


def _in_words(came: view_activity.Came, answer: dict[str, Any]) -> str:
    at = clock(came.attendance.came_at)
    if answer["state"] == "waiting":
        return str(_("%(who)s %(at)s签到，等另一位来批。", who=came.person, at=at))
    if answer["points"]:
        return str(_("%(who)s签到成功，%(at)s。计%(n)s分，待公示。", who=came.person, at=at, n=points(answer["points"])))
    return str(_("%(who)s签到成功，%(at)s。走之前再刷一次。", who=came.person, at=at))


def _out_words(came: view_activity.Came, answer: dict[str, Any]) -> str:
    long = served(answer["minutes"])
    if answer["points"]:
        return str(_("%(who)s已签退，服务%(long)s，计%(n)s分，待公示。", who=came.person, long=long, n=points(answer["points"])))
    return str(_("%(who)s已签退，服务%(long)s。", who=came.person, long=long))


def _page(id: str, *, refused: LedgerError | None = None, mode: str = "") -> Response:
    values = gate.book().read(lambda unit: _values(unit, id))
    chosen = mode or ("out" if request.args.get("mode") == OUT else "in")
    key = (optional_key() if refused else "") or new_request_key()
    return page("activity.html", title=values["name"], current="today", refused=refused, mode=chosen, key=key, **values)


def _values(unit: Unit, id: str) -> dict[str, Any]:
    found = view_activity.roll(unit, gate.actor(), id)
    return {
        "id": found.activity.id,
        "name": found.activity.name,
        "facts": showing.facts(found),
        "rows": [showing.came_row(came) for came in found.came],
        "waiting": found.states.get("waiting", 0),
        "action": url_for("organiser.take_scan", id=found.activity.id),
        "is_over": found.activity.ends_at <= gate.now(),
    }
