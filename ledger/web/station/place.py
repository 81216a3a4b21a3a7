"""Which station this keeper stands at, and the bar above every page of it."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, request, session, url_for
from flask_babel import gettext as _

from ledger.domain.errors import NotFound
from ledger.domain.people import mask_name
from ledger.storage import people
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.view_desk import Standing
from ledger.web import gate
from ledger.web.language import choice
from ledger.web.public.telling import quarter

blueprint = Blueprint("station", __name__, url_prefix="/station")

STATION: Final = "station"


class NoStation(Exception):
    """The keeper serves several stations and has not said at which one they stand."""


@blueprint.errorhandler(NoStation)
def choose_first(_error: NoStation) -> Response:
    return go("station.choose")


def current() -> str:
    """The station's code: the one chosen before, or the keeper's only one. Raises NoStation, NotFound when they have none."""
    actor = gate.actor()
    scopes = set(actor.scopes("keeper"))
    chosen = str(session.get(STATION, ""))
    if chosen and (chosen in scopes or "" in scopes):
        return chosen
    if len(scopes) == 1 and "" not in scopes:
        return next(iter(scopes))
    if not scopes:
        raise NotFound("station")
    raise NoStation


def stand_at(code: str) -> None:
    """Say at which station this browser stands. Whether it is the keeper's own is asked again at every step."""
    session[STATION] = code


def bar(standing: Standing, keeper: str) -> dict[str, Any]:
    """Arguments of `desk_bar`: where, which quarter, who is on duty, how many of those known are done."""
    return {
        "station": standing.station.name,
        "session": quarter(standing.cycle) if standing.cycle else _("不在兑换期"),
        "keeper": keeper,
        "done": standing.handed_today,
        "total": standing.handed_today + standing.waiting,
        "theme_href": url_for("station.desk", theme="normal" if choice("theme") == "contrast" else "contrast"),
        "lock_href": "/sign-out",
    }


def keeper_name(unit: Unit) -> str:
    """Who is on duty: the masked name of the person behind the login, else the login."""
    actor = gate.actor()
    known = people.names(unit, [actor.person]).get(actor.person, "") if actor.person else ""
    return mask_name(known) if known else actor.login or actor.id


def standing_of(unit: Unit, code: str) -> Standing:
    return view_desk.standing(unit, gate.actor(), code, gate.now())


def go(endpoint: str, **values: Any) -> Response:
    """After a form: on to a page by GET."""
    return make_response(redirect(url_for(endpoint, **values), 303))


def typed(name: str, most: int = 400) -> str:
    return request.form.get(name, "")[:most]
