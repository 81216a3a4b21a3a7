"""The frame around every page a resident or a visitor sees: who the page is for, the tabs, and 长者模式 as its person chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Response, g, make_response, render_template, request
from flask_babel import gettext as _

from ledger.domain.errors import Forbidden
from ledger.domain.people import mask_name
from ledger.storage import people
from ledger.storage.unit_of_work import Unit
from ledger.usecases.choose_mode import is_elder
from ledger.web import gate

SIZES: Final = ("normal", "elder")


@dataclass(frozen=True, slots=True)
class Resident:
    """Whoever a page is for. `name` is masked: a phone is looked at over a counter."""

    id: str
    name: str
    initial: str
    area: str
    pool: str
    card: str
    is_elder: bool


def me(unit: Unit) -> Resident:
    """The person behind whoever is signed in. Raises Unauthenticated; Forbidden for a login without a person."""
    person = gate.actor().person
    found = people.holder(unit, person) if person else None
    if found is None:
        raise Forbidden(reason="no_person")
    resident = Resident(
        found.id, mask_name(found.name), found.name[:1], found.area, found.pool, people.card_of(unit, found.id), is_elder(unit, found.id)
    )
    g.resident = resident
    return resident


def me_or_none(unit: Unit) -> Resident | None:
    """The same on pages that are open to everyone."""
    who = gate.actor_or_none()
    if who is None or not who.person:
        return None
    try:
        return me(unit)
    except Forbidden:
        return None


def page(template: str, *, title: str, tab: str = "", status: int = 200, **values: Any) -> Response:
    """A page with its frame. Call `me` or `me_or_none` before, in the unit that reads what the page shows.

    tab: which of the tabs is the current one.
    """
    resident: Resident | None = g.get("resident")
    if resident is not None:
        values.setdefault("person", {"name": resident.name, "initial": resident.initial})
        if request.args.get("size") not in SIZES:
            values["size"] = "elder" if resident.is_elder else ""
    values.update({"nav": _tabs(tab, resident), "resident": resident, "home_href": "/me" if resident else "/", "here": request.path})
    return make_response(render_template(template, title=title, **values), status)


def _tabs(current: str, resident: Resident | None) -> list[dict[str, Any]]:
    """Four places to be; a visitor has them without the two that need a person."""
    tabs = [
        {"label": _("首页"), "href": "/me" if resident else "/", "icon": "home", "name": "home"},
        {"label": _("活动"), "href": "/activities", "icon": "activity", "name": "activities"},
        {"label": _("公示"), "href": "/notice", "icon": "loudspeaker", "name": "notice"},
    ]
    if resident is not None:
        tabs.append({"label": _("我的"), "href": "/me/settings", "icon": "me", "name": "settings"})
    else:
        tabs.append({"label": _("站点"), "href": "/stations", "icon": "station", "name": "stations"})
    return [{**tab, "current": tab["name"] == current} for tab in tabs]
