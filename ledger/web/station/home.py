"""The station today: is the desk open, what stands on the shelf, what was handed over, what waits; and which station it is."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import LedgerError, WrongStation
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.view_shelf import shelf_document
from ledger.web import gate
from ledger.web.public.telling import clock, day, end_of, quarter
from ledger.web.refusing import sentence_of
from ledger.web.station import showing
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, stand_at, standing_of, typed

LOW: Final = 3


@blueprint.get("", strict_slashes=False)
@gate.allow("keeper")
def home() -> str:
    """Where a keeper begins: one thing to press, then the facts of the day."""
    values = gate.book().read(_values)
    return render_template("station/home.html", title=_("驿站今天"), **values)


@blueprint.get("/choose")
@gate.allow("keeper")
def choose() -> str:
    """For keepers of several stations: at which one they stand."""
    return _choose()


@blueprint.post("/choose")
@gate.allow("keeper")
def take_choice() -> Response:
    code = typed("station", 40)
    try:
        gate.book().read(lambda unit: standing_of(unit, code))
    except LedgerError as error:
        return make_response(_choose(refused=error), boundary.http_status(error))
    stand_at(code)
    return go("station.home")


@blueprint.get("/waiting")
@gate.allow("keeper")
def waiting() -> str:
    """Holds that wait here, oldest first; each is collected by its own code."""
    found = gate.book().read(lambda unit: view_desk.waiting_at(unit, gate.actor(), current(), gate.now()))
    desk = gate.book().read(lambda unit: bar(standing_of(unit, current()), keeper_name(unit)))
    return render_template("station/waiting.html", title=_("等人来取"), desk=desk, rows=[showing.waiting_row(one) for one in found])


def _values(unit: Unit) -> dict[str, Any]:
    code = current()
    standing = standing_of(unit, code)
    shelf = shelf_document(unit, code)["shelf"]
    handed = view_desk.handed_over_today(unit, gate.actor(), code, gate.now(), most=5)
    held = view_desk.waiting_at(unit, gate.actor(), code, gate.now())
    return {
        "desk": bar(standing, keeper_name(unit)),
        "station": {"name": standing.station.name, "address": standing.station.address, "hours": standing.station.hours},
        "closed": sentence_of(standing.closed) if standing.closed else "",
        "opened": _opened(standing),
        "session": quarter(standing.cycle) if standing.cycle else "",
        "until": day(end_of(standing.closes_at), near=True) if standing.closes_at else "",
        "handed_today": standing.handed_today,
        "waiting": standing.waiting,
        "goods": len(shelf),
        "low": [row for row in shelf if 0 < row["on_shelf"] <= LOW],
        "out": [row for row in shelf if row["on_shelf"] <= 0],
        "handed": [showing.handed_row(one) for one in handed],
        "held": [showing.waiting_row(one) for one in held[:5]],
        "many_stations": len(view_desk.stations_of(unit, gate.actor(), most=2)) > 1,
        "needs_count": unit.book.settings.desk.opening_count == "required",
    }


def _opened(standing: view_desk.Standing) -> dict[str, str] | None:
    if standing.desk is None:
        return None
    return {"at": clock(standing.desk.opened_at), "by": standing.opened_by}


def _choose(refused: LedgerError | None = None) -> str:
    stations = gate.book().read(lambda unit: view_desk.stations_of(unit, gate.actor()))
    options = [{"value": s.code, "label": s.name, "sub": s.address} for s in stations]
    said = _("这个站不归这个岗位，换一个。") if isinstance(refused, WrongStation) else sentence_of(refused) if refused else ""
    return render_template("station/choose.html", title=_("在哪个站"), options=options, refused=said)
