"""Act: what happened, who, when and why, and the canonical bytes that are hashed.

An act with postings is an entry (see `entry.py`). Acts are never changed; a correction is an opposite entry that names
the one it `reverses`. People appear by opaque id only; free text stays outside the hash and is represented by a salted
digest, so that a note can be erased while the trail still verifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.domain.entry import Posting, check_balanced

CANONICAL_VERSION: Final = 1
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

FactValue = str | int | bool | None | Sequence["FactValue"] | Mapping[str, "FactValue"]


def micros(at: datetime) -> int:
    """Aware datetime to whole microseconds since 1970-01-01T00:00:00Z, as every time is stored."""
    assert at.tzinfo is not None
    return (at - EPOCH) // timedelta(microseconds=1)


def instant(at_micros: int) -> datetime:
    """Stored microseconds to an aware UTC datetime."""
    return EPOCH + timedelta(microseconds=at_micros)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that happened. Empty text means "does not apply".

    id: UUIDv7 in canonical text. kind: a word of `KINDS`. occurred_at: when it was true; recorded_at: when this book
    learnt it, both aware UTC. cycle: the quarter it belongs to. actor, second_actor: user, holder, `console:<name>` or
    `job:<name>`. subject: the holder or thing it is about. facts: JSON-able, no personal data. note_digest: hex of the
    salted digest of the free text kept apart. postings: empty, or balanced per commodity.
    """

    id: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    cycle: str = ""
    second_actor: str = ""
    subject: str = ""
    on_behalf_of: str = ""
    collected_by: str = ""
    rule: str = ""
    rule_version: int = 0
    clause: str = ""
    evidence: str = ""
    evidence_level: int = -1
    station: str = ""
    session: str = ""
    desk: str = ""
    device: str = ""
    trace: str = ""
    batch: str = ""
    request: str = ""
    reverses: str = ""
    resolves: str = ""
    note_digest: str = ""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    postings: tuple[Posting, ...] = ()

    def __post_init__(self) -> None:
        if self.postings:
            check_balanced(self.postings)

    def facts_text(self) -> str:
        """Facts as canonical JSON: sorted keys, no spaces, Chinese as itself. Exactly what is stored and hashed."""
        return json.dumps(self.facts, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if self.facts else "{}"


HEADER: Final[tuple[str, ...]] = tuple(f.name for f in fields(Act) if f.name not in ("facts", "postings"))
"""Header columns in canonical order; also the column order of the act table."""


def canonical_bytes(header: Sequence[object], facts_text: str, postings: Sequence[tuple[str, str, int]]) -> bytes:
    """The versioned canonical form of an act: UTF-8 JSON of [version, header…, facts, postings], nothing optional.

    Args:
        header: the values of HEADER in order, times as microseconds.
        facts_text: canonical JSON text of the facts.
        postings: (path, commodity, amount) in posting order.
    """
    body = [CANONICAL_VERSION, list(header), facts_text, [list(p) for p in postings]]
    return _encode(body).encode()


def leaf_hash(canonical: bytes, algorithm: str) -> bytes:
    """RFC 9162 §2.1.1 leaf hash: HASH(0x00 || canonical bytes). `algorithm` is sha256 or sm3."""
    return hashlib.new(algorithm, b"\x00" + canonical).digest()
