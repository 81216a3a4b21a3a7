"""The district's tree of places with its history, and the stations with what stands on their shelves."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask_babel import gettext as _

from ledger.storage import registers
from ledger.storage.registers import AreaOnce
from ledger.storage.unit_of_work import Unit
from ledger.usecases.view_shelf import shelf_document
from ledger.web import gate
from ledger.web.office.place import READERS, as_of, blueprint, figure, href, moment, page, yuan
from ledger.web.office.words import AREA_KINDS


@blueprint.get("/areas")
@gate.allow(*READERS)
def areas() -> Response:
    """The tree: each place with how many people live there and below it; ended ones with their dates."""

    def find(unit: Unit) -> tuple[list[AreaOnce], dict[str, int]]:
        return registers.areas_ever(unit), registers.people_by_area(unit)

    found, counts = gate.book().read(find)
    tree = tree_of(found, counts)
    ended = [
        {
            "name": area.path,
            "kind": AREA_KINDS.get(area.kind, area.kind),
            "from_at": moment(area.from_at),
            "until_at": moment(area.until_at),
        }
        for area in found
        if area.until_at is not None
    ]
    return page(
        "areas.html",
        title=_("网格"),
        current="areas",
        tree=tree,
        ended=ended,
        as_of=as_of(),
        people=figure(sum(counts.values())),
        places=figure(sum(area.until_at is None for area in found)),
    )


def tree_of(found: list[AreaOnce], counts: dict[str, int]) -> list[dict[str, Any]]:
    """Present areas as a tree by parent; `many` counts the people of the place and all below it."""
    nodes = {
        area.code: {
            "code": area.code,
            "name": area.name,
            "kind": AREA_KINDS.get(area.kind, area.kind),
            "own": counts.get(area.code, 0),
            "below": [],
            "href": href("find_people", area=area.code),
        }
        for area in found
        if area.until_at is None
    }
    tops: list[dict[str, Any]] = []
    for area in found:
        if area.until_at is None:
            parent = nodes.get(area.parent)
            (parent["below"] if parent is not None else tops).append(nodes[area.code])
    for top in tops:
        _count(top)
    return tops


def _count(node: dict[str, Any]) -> int:
    total = int(node["own"]) + sum(_count(child) for child in node["below"])
    node["many"] = figure(total)
    return total


@blueprint.get("/stations")
@gate.allow(*READERS)
def stations() -> Response:
    """Every station with what its shelf holds and what that cost."""

    def find(unit: Unit) -> dict[str, Any]:
        rows = unit.rows(registers.STATIONS)
        return {"rows": rows, "stock": registers.station_stock(unit), "paths": registers.place_names(unit, [row[2] for row in rows])}

    found = gate.book().read(find)
    none = (0, 0, 0)
    rows = [
        {
            "code": code,
            "name": name,
            "area": found["paths"].get(area, area),
            "address": address,
            "hours": hours,
            "is_open": status == "open",
            "kinds": figure(found["stock"].get(code, none)[0]),
            "pieces": figure(found["stock"].get(code, none)[1]),
            "cost": yuan(found["stock"].get(code, none)[2]),
            "href": href("station", code=code),
        }
        for code, name, area, address, hours, status in found["rows"]
    ]
    stock = found["stock"].values()
    total = {"pieces": figure(sum(one[1] for one in stock)), "cost": yuan(sum(one[2] for one in stock))}
    return page("stations.html", title=_("驿站"), current="stations", rows=rows, total=total, as_of=as_of())


@blueprint.get("/stations/<code>")
@gate.allow(*READERS)
def station(code: str) -> Response:
    """One station's shelf."""
    found = gate.book().read(lambda unit: _with_path(unit, shelf_document(unit, code)))
    shelf = [
        {
            **good,
            "free": figure(good["on_shelf"]),
            "held": figure(good["reserved"]),
            "cost": yuan(good["cost_fen"]),
            "limit": figure(good["limit_per_cycle"]) if good["limit_per_cycle"] else "",
        }
        for good in found["shelf"]
    ]
    return page("station.html", title=found["name"], current="stations", station=found, shelf=shelf, as_of=as_of())


def _with_path(unit: Unit, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "path": registers.place_names(unit, [document["area"]]).get(document["area"], document["area"])}
