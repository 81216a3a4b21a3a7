"""What a replay reads: what was published, then every act that moves points, with its postings, in the order of recording.

Acts and postings only. The two tables that are looked at besides (rules, lots) are compared, never believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from ledger.storage.evidence import CHUNK, Leg, chunked, legs_of
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit


class Columns(NamedTuple):
    """The columns of an act that a replay needs; times in microseconds, `facts` the stored JSON text."""

    id: str
    kind: str
    recorded_at: int
    cycle: str
    subject: str
    rule: str
    rule_version: int
    clause: str
    evidence: str
    evidence_level: int
    station: str
    session: str
    batch: str
    reverses: str | None
    resolves: str | None
    facts: str


_ACT: Final = ", ".join(Columns._fields)

PUBLISHING: Final = (
    "rule_published", "activity_opened", "area_opened", "person_enrolled", "good_priced", "stock_received", "batch_imported",
)  # fmt: skip
"""Kinds that say by what later acts are reckoned; they hold from when they were recorded."""

IDLE: Final = (
    *PUBLISHING[:5], "genesis", "team_formed", "station_opened", "login_added", "login_disabled", "grant_given", "grant_ended",
    "signed_in", "signed_out", "sign_in_refused", "card_issued", "card_revoked", "card_bound", "pin_set", "pin_refused",
    "phone_bound", "phone_revealed", "binding_offered", "exported", "backup_made", "restored", "session_opened", "desk_opened",
    "desk_closed",
)  # fmt: skip
"""Kinds that move nothing: a replay walks past them unread."""

PUBLISHED: Final = Statement(f"SELECT {_ACT} FROM {{act}} WHERE kind IN @kinds ORDER BY recorded_at, id")
MOVING: Final = Statement(f"SELECT {_ACT} FROM {{act}} WHERE kind NOT IN @kinds ORDER BY recorded_at, id")
BY_ID: Final = Statement(f"SELECT {_ACT} FROM {{act}} WHERE id IN @ids")
CAME: Final = Statement(
    f"SELECT {_ACT} FROM {{act}} WHERE subject = :subject AND evidence = :evidence AND kind IN ('checked_in','service_earned')"
    " AND batch = '' ORDER BY recorded_at, id"
)
LOT_DAYS: Final = Statement("SELECT path, expires_at FROM {account} WHERE path IN @ids")
KNOWN_ROWS: Final = Statement("SELECT batch, key_digest, value_digest FROM {import_line} WHERE kind = 'opening'")
OPENED_SUMS: Final = Statement(
    "SELECT a.batch, SUM(p.amount) FROM {act} a JOIN {posting} p ON p.act = a.id WHERE a.kind = 'points_opened' AND p.amount > 0"
    " AND p.commodity = 'PTS' GROUP BY a.batch"
)

Legs = dict[str, list[Leg]]


def published(unit: Unit) -> Iterable[Row]:
    """Columns of every publishing act, oldest first."""
    return unit.stream(PUBLISHED, kinds=list(PUBLISHING))


def moving(unit: Unit) -> Iterator[tuple[list[Row], Legs]]:
    """Columns of every other act that may matter, oldest first, in chunks with their postings by act."""
    for chunk in chunked(unit.stream(MOVING, kinds=list(IDLE))):
        yield chunk, legs_of(unit, [row[0] for row in chunk])


def originals(unit: Unit, ids: Sequence[str]) -> tuple[dict[str, Row], Legs]:
    """Acts that others reverse or resolve, by id, and their postings."""
    wanted = sorted(set(ids))
    found: dict[str, Row] = {}
    for place in range(0, len(wanted), CHUNK):
        found |= {row[0]: row for row in unit.rows(BY_ID, ids=wanted[place : place + CHUNK])}
    return found, legs_of(unit, list(found)) if found else {}


def comings(unit: Unit, subject: str, evidence: str) -> list[Row]:
    """Columns of the acts by which somebody checked in at an activity, and of what they earned there, in order."""
    return unit.rows(CAME, subject=subject, evidence=evidence)


def lot_days(unit: Unit, paths: Sequence[str]) -> dict[str, Any]:
    """When lots lapse according to their accounts, in microseconds or None, by path; accounts that do not exist are left out."""
    found: dict[str, Any] = {}
    for place in range(0, len(paths), CHUNK):
        found |= dict(unit.rows(LOT_DAYS, ids=list(paths[place : place + CHUNK])))
    return found


def known_openings(unit: Unit) -> dict[tuple[str, bytes], bytes]:
    """Of every imported opening row that still counts: the keyed digest of its values, by batch and keyed digest of its key."""
    return {(batch, bytes(key)): bytes(value) for batch, key, value in unit.rows(KNOWN_ROWS)}


def opened_sums(unit: Unit) -> dict[str, int]:
    """Steps of points that each batch of openings brought, by its postings."""
    return {batch: int(total) for batch, total in unit.rows(OPENED_SUMS)}
