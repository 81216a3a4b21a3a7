"""Stations and what stands on their shelves, for anybody."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from ledger.domain.errors import CycleClosed
from ledger.storage import people, residents
from ledger.storage.goods import Station
from ledger.storage.unit_of_work import Unit
from ledger.usecases.open_session import open_cycle_for_redeeming
from ledger.usecases.view_shelf import shelf_document
from ledger.web import gate
from ledger.web.public import frame

MOST: Final = 60
FEW: Final = 3

blueprint = Blueprint("stations", __name__)


@blueprint.get("/stations")
@gate.everyone
def stations() -> Response:
    """One's own community first, then any community, or by a word of the name or address."""
    text, area = request.args.get("find", "").strip()[:40], request.args.get("area", "").strip()[:64]

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        pool = area or (resident.pool if resident and not text else "")
        if text:
            found = residents.search_stations(unit, text, most=MOST)
        else:
            found = residents.stations_of(unit, pool, MOST) if pool else []
        communities = [a for a in people.areas(unit) if a.code == a.pool and a.kind == "community"]
        names = {a.code: a.name for a in communities}
        return {
            "rows": [row(station) for station in found],
            "communities": []
            if text
            else [{"name": a.name, "href": f"/stations?area={a.code}", "current": a.code == pool} for a in communities],
            "place": names.get(pool, ""),
        }

    return frame.page("public/stations.html", title=_("站点"), tab="stations", find=text, **gate.book().read(read))


@blueprint.get("/stations/<string:code>")
@gate.everyone
def station(code: str) -> Response:
    """Where it is, when it is open, what is left. Its telephone is nobody's to publish: it is a person's."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        document = shelf_document(unit, code)
        return {**document, "can_reserve": resident is not None and _is_redeeming(unit), "few": FEW}

    document = gate.book().read(read)
    return frame.page("public/station.html", tab="stations", title=document["name"], **document)


def row(station: Station) -> dict[str, str]:
    """A station as `list_row` takes it."""
    sub = " · ".join(part for part in (station.hours, station.address) if part)
    return {"title": station.name, "sub": sub, "href": f"/stations/{station.code}"}


def _is_redeeming(unit: Unit) -> bool:
    try:
        open_cycle_for_redeeming(unit, gate.now())
    except CycleClosed:
        return False
    return True
