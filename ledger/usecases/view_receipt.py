"""A receipt anyone may check: what went over which counter when, with its proof once sealed, and nobody's name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.audit import trail
from ledger.domain.errors import NotFound, PassInvalid
from ledger.passes.signing import RECEIPT
from ledger.storage import goods
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.identify import read_pass

ID_LENGTH = 36


def receipt_document(book: Book, text: str, now: datetime) -> dict[str, Any]:
    """CONTRACT §3 `GET /receipts/{receipt}`.

    Args: text: the receipt's id, or its signed pass or link as scanned.
    Returns: {entry, at, station, items, points, state, reversed_by?} and, once sealed, {leaf_index, head, proof}.
    Raises: NotFound.
    """
    receipt = receipt_id(book, text, now)
    document = book.read(lambda unit: _told(unit, receipt))
    return {**document, **sealed(book, document["entry"])}


def receipt_id(book: Book, text: str, now: datetime) -> str:
    """The receipt's id behind what was typed or scanned. Raises NotFound for what names none."""
    plain = text.strip()
    if len(plain) == ID_LENGTH and plain.count("-") == 4:
        return plain.lower()
    try:
        return read_pass(book, plain, now, frozenset({RECEIPT})).subject
    except PassInvalid:
        raise NotFound("receipt") from None


def sealed(book: Book, entry: str) -> dict[str, Any]:
    """Leaf, signed head and inclusion proof of an entry, all of one tree; empty until it is sealed."""
    try:
        head = trail.head(book)
        proof = trail.proof(book, entry, head.size)
    except NotFound:
        return {}
    return {"leaf_index": proof["leaf_index"], "head": head.document(), "proof": proof}


def _told(unit: Unit, receipt: str) -> dict[str, Any]:
    found = goods.redemption(unit, receipt)
    if found is None or receipt != found.receipt:
        raise NotFound("receipt")
    zone, scale = ZoneInfo(unit.book.settings.zone), unit.book.settings.scale
    station = goods.station(unit, found.station)
    items = [
        {"sku": line.sku, "name": line.name, "quantity": line.quantity, "points": scale.number(line.points)}
        for line in goods.redemption_lines(unit, found.id)
    ]
    return {
        "entry": found.id,
        "at": found.at.astimezone(zone).isoformat(),
        "station": station.name if station else found.station,
        "items": items,
        "points": scale.number(found.points),
        "state": "reversed" if found.reversed_by else "handed_over",
        **({"reversed_by": found.reversed_by} if found.reversed_by else {}),
    }
