"""The code on the wall: the rotating one on a screen (W6), and the poster's, which earns a lower level of evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from ledger.passes.image import png_data_uri
from ledger.passes.signing import ACTIVITY_PERIOD_SECONDS
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.usecases.check_in import BY_POSTER
from ledger.usecases.show_activity_code import show_activity_code
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.organiser import showing
from ledger.web.organiser.place import ROLES, blueprint
from ledger.web.public.telling import clock

REFRESH_SECONDS: Final = 10
"""How often the screen asks again: three times a code, so that the count is fresh and a lost network shows within seconds."""

JUST_IN: Final = 5


@blueprint.get("/activities/<string:id>/screen")
@gate.allow(*ROLES)
def screen(id: str) -> Response:
    """The full screen; the part with the code renews itself, and without script the page does."""
    code = show_activity_code(gate.book(), unkeyed_request("show_activity_code"), activity=id)
    left = ACTIVITY_PERIOD_SECONDS - int(gate.now().timestamp()) % ACTIVITY_PERIOD_SECONDS
    values = gate.book().read(lambda unit: _values(unit, id))
    return make_response(
        render_template(
            "organiser/screen.html", title=values["name"], src=png_data_uri(code["url"], module_pixels=12),
            seconds_left=min(REFRESH_SECONDS, left), period=REFRESH_SECONDS, refresh_seconds=REFRESH_SECONDS, **values,
        )
    )  # fmt: skip


@blueprint.get("/activities/<string:id>/poster")
@gate.allow(*ROLES)
def poster(id: str) -> Response:
    """A sheet for the wall, its code 120 mm wide."""
    code = show_activity_code(gate.book(), unkeyed_request("show_activity_code"), activity=id)
    values = gate.book().read(lambda unit: _values(unit, id))
    how = _("打开微信扫一扫，点“签到”。") + (_("扫海报的，要负责人再确认一次。") if values["poster_waits"] else "")
    return make_response(
        render_template(
            "organiser/poster.html", title=_("活动海报"), poster={
                "title": values["name"], "when": values["when"], "where": values["where"],
                "qr": png_data_uri(code["poster_url"], module_pixels=20), "how": how,
            }, back_href=url_for("organiser.activity", id=id),
        )
    )  # fmt: skip


def _values(unit: Unit, id: str) -> dict[str, Any]:
    roll = view_activity.roll(unit, gate.actor(), id, most=JUST_IN)
    found = roll.activity
    opens_at = found.starts_at - timedelta(minutes=unit.book.settings.earning.check_in_opens_minutes)
    return {
        "id": found.id,
        "name": found.name,
        "when": showing.dated(found),
        "where": " · ".join(part for part in (roll.area, found.place) if part),
        "count": roll.present,
        "capacity": found.capacity,
        "just_in": [
            {"name": came.person, "at": clock(came.attendance.came_at)} for came in roll.came if came.attendance.state != "rejected"
        ],
        "poster_waits": roll.rule.min_evidence > BY_POSTER,
        "opens": clock(opens_at) if gate.now() < opens_at else "",
        "is_over": found.ends_at <= gate.now(),
        "back_href": url_for("organiser.activity", id=found.id),
    }
