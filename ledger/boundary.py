"""The only place where a refusal becomes an HTTP status or an exit code: seven kinds, not fifty types (CONTRACT §4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ledger import phrases
from ledger.domain.errors import Kind, LedgerError, Unavailable
from ledger.domain.points import PointScale
from ledger.keyring import KeyringUnreadable, SealBroken, UnknownKey

STATUS: Final[Mapping[Kind, int]] = {
    "invalid": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "limited": 429,
    "unavailable": 503,
}
EXIT: Final[Mapping[Kind, int]] = {kind: 4 if kind == "unavailable" else 3 for kind in STATUS}

KEY_TROUBLE: Final = (KeyringUnreadable, SealBroken, UnknownKey)
REFUSALS: Final = (LedgerError, *KEY_TROUBLE)
"""What one Flask handler and one console wrapper catch. Anything else is a bug."""

PROBLEM_TYPE: Final = "urn:sanlian-ledger:refusal:"
"""RFC 9457 `type`: an identifier, not an address, so that it means the same in every district."""

SAFE_FACTS: Final = frozenset(
    {"field", "reason", "level", "needed_level", "tries_left", "rejected", "station", "minutes", "what", "matches", "opens_at", "starts_at"}
    | {"ends_at", "opens_on", "capacity", "spendable_points", "needed_points", "sku", "name", "on_shelf", "limit", "taken", "state", "to"}
    | {"at", "used_at", "came_at", "count", "retry_after_s", "counted", "clause", "activity"}
)
"""Facts that may leave the house beside the sentence. Names of people (keeper, approver) stay in the sentence, where they are masked."""


def refusal(error: BaseException) -> LedgerError:
    """The refusal behind an exception: keys that cannot be read are an outage, whatever asked for them."""
    if isinstance(error, LedgerError):
        return error
    if isinstance(error, KEY_TROUBLE):
        return Unavailable("keys", retry_after_s=60)
    raise TypeError("not a refusal") from error


def http_status(error: BaseException) -> int:
    return STATUS[refusal(error).kind]


def exit_code(error: BaseException) -> int:
    """3: refused by a rule or an unreadable file; 4: database, disk, keys or path out of reach. Nothing changed in either case."""
    return EXIT[refusal(error).kind]


def retry_after(error: BaseException) -> int | None:
    """Seconds for the `Retry-After` header, or None."""
    seconds = refusal(error).facts.get("retry_after_s")
    return seconds if isinstance(seconds, int) else None


def problem(
    error: BaseException,
    language: str = "zh",
    scale: PointScale = phrases.WHOLE_POINTS,
    *,
    audience: phrases.Audience = "resident",
    zone: str = "Asia/Shanghai",
    now: datetime | None = None,
) -> dict[str, Any]:
    """The body of an `application/problem+json` answer: type, title, status, detail, code, and the facts that may be told, in points."""
    known = refusal(error)
    facts = {name: _told(name, fact, scale) for name, fact in known.facts.items() if name in SAFE_FACTS and fact not in (None, "")}
    return {
        **facts,
        "type": PROBLEM_TYPE + known.code,
        "title": phrases.title(known.code, language),
        "status": STATUS[known.kind],
        "detail": phrases.sentence(known, language, scale, audience, zone=zone, now=now),
        "code": known.code,
    }


def _told(name: str, fact: object, scale: PointScale) -> object:
    return scale.number(fact) if isinstance(fact, int) and name.endswith("_points") else fact
