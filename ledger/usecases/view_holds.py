"""One's open holds, each with the code that collects it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from ledger.passes.links import url_of
from ledger.passes.spoken import derived_code
from ledger.storage import goods
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import signer


def holds_document(unit: Unit, holder: str) -> dict[str, Any]:
    """Open holds, oldest first; points in points. `code` is of the present key: after a rotation the link still works."""
    return {"holds": [hold_document(unit, hold) for hold in goods.holds_of(unit, holder)]}


def hold_document(unit: Unit, hold: goods.Hold) -> dict[str, Any]:
    """A hold as its holder sees it."""
    book, scale = unit.book, unit.book.settings.scale
    station = goods.station(unit, hold.station)
    return {
        "hold": hold.id,
        "station": station.name if station else hold.station,
        "points": scale.number(hold.points),
        "code": derived_code(book.keyring, "hold", hold.id),
        "url": url_of(book.settings.public_url, signer(book).hold(hold.id)),
        "expires_at": hold.expires_at.astimezone(ZoneInfo(book.settings.zone)).isoformat(),
        "items": [
            {"sku": line.sku, "name": line.name, "quantity": line.quantity, "points": scale.number(line.points)}
            for line in goods.hold_lines(unit, hold.id)
        ],
    }
