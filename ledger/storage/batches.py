"""Imports: batches, the digests of their accepted rows, and the maps an importer needs of the whole book."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import micros
from ledger.storage.rows.service import BatchLineRow
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

KNOWN: Final = Statement("SELECT key_digest, value_digest, target FROM {import_line} WHERE kind = :kind")
OPEN_TURN: Final = Statement("INSERT INTO {job_lease} (name, owner, until_at) VALUES ('import', '', 0) ON CONFLICT (name) DO NOTHING")
TAKE_TURN: Final = Statement(
    "SELECT name FROM {job_lease} WHERE name = 'import'",
    postgresql="SELECT name FROM {job_lease} WHERE name = 'import' FOR UPDATE",
)
INSERT_BATCH: Final = Statement(
    "INSERT INTO {import_batch} (id, kind, file_digest, as_of, actor, recorded_at, counts, undone_at)"
    " VALUES (:id, :kind, :file_digest, :as_of, :actor, :at, :counts, NULL)"
)
BATCH: Final = Statement("SELECT id, kind, file_digest, as_of, actor, recorded_at, counts, undone_at FROM {import_batch} WHERE id = :id")
BATCHES: Final = Statement(
    "SELECT id, kind, file_digest, as_of, actor, recorded_at, counts, undone_at FROM {import_batch} ORDER BY id DESC LIMIT :most"
)
MARK_UNDONE: Final = Statement("UPDATE {import_batch} SET undone_at = :at WHERE id = :id AND undone_at IS NULL")
FORGET_LINES: Final = Statement("DELETE FROM {import_line} WHERE batch = :batch")
LIVE_ATTENDANCE: Final = Statement("SELECT activity, person FROM {attendance} WHERE state <> 'undone'")
ACTIVITIES: Final = Statement("SELECT code, id FROM {activity} WHERE status <> 'undone'")
STATIONS: Final = Statement("SELECT code FROM {station} WHERE status <> 'undone'")
GOODS: Final = Statement("SELECT sku, cost_fen FROM {good} WHERE status <> 'undone'")

IN_USE: Final[dict[str, Statement]] = {
    "people": Statement(
        "SELECT (SELECT COUNT(*) FROM {act} a WHERE a.subject IN (SELECT id FROM {holder} WHERE batch = :batch)"
        " AND a.kind NOT IN ('person_enrolled','team_formed') AND a.batch <> :batch AND a.reverses IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM {act} r WHERE r.reverses = a.id))"
        " + (SELECT COUNT(*) FROM {login} l JOIN {holder} h ON h.id = l.person WHERE h.batch = :batch AND l.disabled_at IS NULL)"
    ),
    "areas": Statement(
        "SELECT (SELECT COUNT(*) FROM {holder} h JOIN {area} a ON a.code = h.area WHERE a.batch = :batch AND h.status <> 'undone')"
        " + (SELECT COUNT(*) FROM {station} s JOIN {area} a ON a.code = s.area WHERE a.batch = :batch AND s.status <> 'undone')"
        " + (SELECT COUNT(*) FROM {activity} v JOIN {area} a ON a.code = v.area WHERE a.batch = :batch AND v.status <> 'undone')"
        " + (SELECT COUNT(*) FROM {area} i JOIN {area} a ON a.code = i.parent WHERE a.batch = :batch AND i.batch <> :batch"
        " AND i.until_at IS NULL)"
    ),
    "stations": Statement(
        "SELECT COUNT(*) FROM {receipt_lot} r JOIN {station} s ON s.code = r.station"
        " WHERE s.batch = :batch AND NOT EXISTS (SELECT 1 FROM {act} x WHERE x.reverses = r.act)"
    ),
    "goods": Statement(
        "SELECT (SELECT COUNT(*) FROM {receipt_lot} r JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id"
        " WHERE r.batch = :batch AND a.balance < r.quantity)"
        " + (SELECT COUNT(*) FROM {receipt_lot} r JOIN {good} g ON g.sku = r.sku WHERE g.batch = :batch AND r.batch <> :batch"
        " AND NOT EXISTS (SELECT 1 FROM {act} x WHERE x.reverses = r.act))"
    ),
    "activities": Statement(
        "SELECT COUNT(*) FROM {attendance} s JOIN {activity} v ON v.id = s.activity WHERE v.batch = :batch AND s.state <> 'undone'"
    ),
}
UNDO_ROWS: Final[dict[str, tuple[Statement, ...]]] = {
    "people": (
        Statement("DELETE FROM {phone} WHERE holder IN (SELECT id FROM {holder} WHERE batch = :batch)"),
        Statement("UPDATE {card} SET status = 'revoked', revoked_at = :at WHERE holder IN (SELECT id FROM {holder} WHERE batch = :batch)"),
        Statement("UPDATE {membership} SET until_at = :at WHERE batch = :batch AND until_at IS NULL"),
        Statement("UPDATE {holder} SET status = 'undone' WHERE batch = :batch"),
    ),
    "areas": (Statement("UPDATE {area} SET until_at = :at WHERE batch = :batch AND until_at IS NULL"),),
    "stations": (Statement("UPDATE {station} SET status = 'undone' WHERE batch = :batch"),),
    "goods": (Statement("UPDATE {good} SET status = 'undone' WHERE batch = :batch"),),
    "activities": (Statement("UPDATE {activity} SET status = 'undone' WHERE batch = :batch"),),
    "attendance": (Statement("UPDATE {attendance} SET state = 'undone' WHERE batch = :batch"),),
    "opening": (),
}


@dataclass(frozen=True, slots=True)
class Batch:
    id: str
    kind: str
    file_digest: str
    as_of: str
    actor: str
    recorded_at: int
    counts: dict[str, Any]
    undone_at: int | None


def take_turn(unit: Unit) -> None:
    """Imports of one book wait for each other, so that each sees what the one before accepted."""
    unit.change(OPEN_TURN)
    unit.row(TAKE_TURN)


def known_lines(unit: Unit, kind: str) -> dict[bytes, tuple[bytes, str]]:
    """Accepted rows of a kind: value digest and target by key digest."""
    return {bytes(key): (bytes(value), target) for key, value, target in unit.rows(KNOWN, kind=kind)}


def keep(
    unit: Unit, *, id: str, kind: str, file_digest: str, as_of: str, actor: str, now: datetime, counts: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
) -> None:  # fmt: skip
    """Write the batch and the digests of its accepted rows."""
    unit.change(
        INSERT_BATCH, id=id, kind=kind, file_digest=file_digest, as_of=as_of, actor=actor, at=micros(now),
        counts=json.dumps(counts, sort_keys=True),
    )  # fmt: skip
    unit.insert_many(BatchLineRow, lines)


def batch(unit: Unit, id: str) -> Batch | None:
    row = unit.row(BATCH, id=id)
    return None if row is None else _batch(row)


def latest(unit: Unit, most: int = 50) -> list[Batch]:
    """The newest imports."""
    return [_batch(row) for row in unit.rows(BATCHES, most=most)]


def _batch(row: tuple[Any, ...]) -> Batch:
    return Batch(row[0], row[1], row[2], row[3], row[4], row[5], json.loads(row[6]), row[7])
