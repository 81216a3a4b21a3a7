"""Published rule versions, as anybody signed in may read them."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.act import instant
from ledger.storage import service
from ledger.storage.unit_of_work import Row, Unit


def rules_document(unit: Unit) -> dict[str, Any]:
    """Every version by rule and number; points and caps in points."""
    return {"rules": [_rule(unit, row) for row in unit.rows(service.RULES)]}


def _rule(unit: Unit, row: Row) -> dict[str, Any]:
    scale, zone = unit.book.settings.scale, ZoneInfo(unit.book.settings.zone)
    return {
        "rule": row[0],
        "version": row[1],
        "name": row[2],
        "basis": row[3],
        "points": scale.number(row[4]),
        "per_mille": row[5],
        "rounding": row[6],
        "min_evidence": row[7],
        "caps": {name: scale.number(steps) for name, steps in json.loads(row[8]).items()},
        "clause": row[9],
        "valid_from": instant(row[10]).astimezone(zone).isoformat(),
        "published_at": instant(row[11]).astimezone(zone).isoformat() if row[11] else None,
    }
