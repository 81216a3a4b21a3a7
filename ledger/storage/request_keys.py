"""Remembers a request key and the facts of the answer it got, in the same unit as the effect.

On PostgreSQL the key's row is inserted first, so that a second request with the same running key waits for the first
on that row; on SQLite writers wait for each other anyway and the row is written once, with its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import micros
from ledger.domain.errors import RequestKeyReused
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

FIND: Final = Statement("SELECT body_digest, answer FROM {request_key} WHERE actor = :actor AND request = :request")
CLAIM: Final = Statement(
    "INSERT INTO {request_key} (actor, request, body_digest, answer, recorded_at) VALUES (:actor, :request, :digest, '', :at)"
    " ON CONFLICT (actor, request) DO NOTHING"
)
KEEP_NEW: Final = Statement(
    "INSERT INTO {request_key} (actor, request, body_digest, answer, recorded_at) VALUES (:actor, :request, :digest, :answer, :at)"
)
KEEP_CLAIMED: Final = Statement("UPDATE {request_key} SET answer = :answer WHERE actor = :actor AND request = :request")


def claim(unit: Unit, *, actor: str, key: str, digest: str, now: datetime) -> dict[str, Any] | None:
    """The first answer when this key was answered before; None when the caller should go on.

    Raises: RequestKeyReused when the key came with another body.
    """
    if not unit.is_sqlite and unit.change(CLAIM, actor=actor, request=key, digest=digest, at=micros(now)) == 1:
        return None
    return kept_answer(unit, actor=actor, key=key, digest=digest)


def kept_answer(unit: Unit, *, actor: str, key: str, digest: str) -> dict[str, Any] | None:
    """The answer under a key, or None. Raises RequestKeyReused when the key came with another body."""
    kept = unit.row(FIND, actor=actor, request=key)
    if kept is None:
        return None
    if kept[0] != digest:
        raise RequestKeyReused()
    answer: dict[str, Any] = json.loads(kept[1])
    return answer


def keep(unit: Unit, *, actor: str, key: str, digest: str, answer: Mapping[str, Any], now: datetime) -> None:
    """Write the answer's facts beside the key."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    if unit.is_sqlite:
        unit.change(KEEP_NEW, actor=actor, request=key, digest=digest, answer=text, at=micros(now))
    else:
        unit.change(KEEP_CLAIMED, actor=actor, request=key, answer=text)
