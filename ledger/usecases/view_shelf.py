"""What stands on a station's shelf, as everybody may see it."""

from __future__ import annotations

from typing import Any

from ledger.domain.errors import NotFound
from ledger.storage import goods
from ledger.storage.unit_of_work import Unit


def shelf_document(unit: Unit, code: str) -> dict[str, Any]:
    """CONTRACT `stock show`: on_shelf excludes reserved. Raises NotFound for an unknown station."""
    found = goods.station(unit, code)
    if found is None or found.status == "undone":
        raise NotFound("station")
    scale = unit.book.settings.scale
    reserved = {sku: int(quantity) for sku, quantity in unit.rows(goods.RESERVED, station=code)}
    shelf = [
        {
            "sku": r[0], "name": r[1], "unit": r[2], "category": r[3], "on_shelf": int(r[4]), "reserved": reserved.get(r[0], 0),
            "price_points": scale.number(r[5]), "cost_fen": r[6], "limit_per_cycle": r[7],
        }
        for r in unit.rows(goods.SHELF, station=code)
    ]  # fmt: skip
    return {
        "station": found.code, "name": found.name, "area": found.area, "address": found.address, "hours": found.hours, "shelf": shelf,
    }  # fmt: skip
