"""The organiser's blueprint, and the frame around each of its pages."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import LedgerError
from ledger.domain.people import mask_name
from ledger.storage import people
from ledger.web import gate
from ledger.web.refusing import sentence_of

ROLES: Final = ("organiser", "officer")

blueprint = Blueprint("organiser", __name__, url_prefix="/organiser")


def page(template: str, *, title: str, current: str = "", refused: LedgerError | None = None, told: str = "", **values: Any) -> Response:
    """A page with the side list. refused: told on it, with its status; told: other words for it."""
    said = {"text": told or sentence_of(refused), "code": refused.code} if refused else None
    body = render_template(
        f"organiser/{template}",
        title=title,
        nav=_side(current),
        person=_who(),
        home_href=url_for("organiser.today"),
        refused=said,
        **values,
    )
    return make_response(body, boundary.http_status(refused) if refused else 200)


def go(endpoint: str, **values: Any) -> Response:
    """After a form: on to a page by GET."""
    return make_response(redirect(url_for(f"organiser.{endpoint}", **values), 303))


def typed(name: str, most: int = 400) -> str:
    return request.form.get(name, "")[:most]


def _side(current: str) -> list[dict[str, Any]]:
    doors = [
        ("today", _("今天"), "home"),
        ("waiting", _("等我批"), "check"),
        ("new", _("开活动"), "plus"),
    ]
    listed: list[dict[str, Any]] = [
        {"label": label, "href": url_for(f"organiser.{name}"), "icon": icon, "current": name == current} for name, label, icon in doors
    ]
    if gate.actor().has("officer"):
        listed.append({"label": _("经办"), "href": "/office", "icon": "book"})
    if gate.actor().has("keeper"):
        listed.append({"label": _("驿站"), "href": url_for("station.home"), "icon": "station"})
    return [{"heading": _("活动")}, *listed]


def _who() -> dict[str, str]:
    actor = gate.actor()
    names = gate.book().read(lambda unit: people.names(unit, [actor.person])) if actor.person else {}
    known = names.get(actor.person, "")
    name = mask_name(known) if known else actor.login or actor.id
    return {"name": name, "initial": name[:1], "sign_out_href": "/sign-out"}
