"""The shelf: what is on it, what is reserved, and the receipts it came by."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from ledger.storage import desk_screen
from ledger.storage.unit_of_work import Unit
from ledger.usecases.view_shelf import shelf_document
from ledger.web import gate
from ledger.web.public.telling import day, local
from ledger.web.station.place import bar, blueprint, current, keeper_name, standing_of

LOW = 3


@blueprint.get("/shelf")
@gate.allow("keeper")
def shelf() -> str:
    """Goods with what is free and what is reserved; below, the receipts of one good when it is asked for by ?sku=."""
    sku = request.args.get("sku", "")[:60]
    return render_template("station/shelf.html", title=_("货架"), **gate.book().read(lambda unit: _values(unit, sku)))


def _values(unit: Unit, sku: str) -> dict[str, Any]:
    code = current()
    standing = standing_of(unit, code)
    document = shelf_document(unit, code)
    rows = [_row(row, sku) for row in document["shelf"]]
    lots = desk_screen.receipt_lots(unit, code, sku=sku) if sku else []
    chosen = next((row["name"] for row in rows if row["sku"] == sku), "")
    return {
        "desk": bar(standing, keeper_name(unit)),
        "name": document["name"],
        "rows": rows,
        "chosen": chosen,
        "lots": [_lot(lot) for lot in lots] if chosen else [],
    }


def _row(row: dict[str, Any], sku: str) -> dict[str, Any]:
    left = row["on_shelf"]
    state = "none" if left <= 0 else "few" if left <= LOW else "enough"
    return {**row, "all": left + row["reserved"], "state": state, "current": row["sku"] == sku}


def _lot(lot: desk_screen.ReceiptLot) -> dict[str, Any]:
    return {
        "id": lot.id,
        "on": day(local(lot.received_at).date()),
        "source": _("期初") if lot.source in ("", "opening") else lot.source,
        "invoice": lot.invoice,
        "cost": f"¥{lot.unit_cost_fen // 100}.{lot.unit_cost_fen % 100:02d}",
        "quantity": lot.quantity,
        "left": lot.left,
        "unit": lot.unit,
    }
