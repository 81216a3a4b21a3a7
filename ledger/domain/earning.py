"""How check-ins and service minutes become points: one published rule version, integers only.

Minutes count inside the planned window only (travel and overtime are excluded, nothing earns overnight); a forgotten
check-out ends at the planned end. What a cap cuts off spendable points leaves honour minutes untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from ledger.domain.errors import InvalidInput
from ledger.domain.points import share_per_mille

Basis = Literal["event", "minute"]
CAPS: Final = ("event", "day", "quarter", "year", "life")
EVIDENCE_WORDS: Final = ("L0", "L1", "L2", "L3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One published version. Never changes; a new version holds from its own date.

    points: smallest steps per event, or per 60 minutes for basis `minute`. per_mille: coefficient of the service class.
    min_evidence: least level (0–3) that earns without an approver. caps: steps per event/day/quarter/year/life.
    clause: the by-law's clause, shown with every line.
    """

    id: str
    version: int
    name: str
    basis: Basis
    points: int
    clause: str
    per_mille: int = 1000
    rounding: str = "down"
    min_evidence: int = 1
    caps: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.clause.strip():
            raise InvalidInput("clause", "missing")
        if self.basis not in ("event", "minute") or self.rounding not in ("down", "up", "half_up"):
            raise InvalidInput("basis")
        if self.points < 0 or not 0 <= self.per_mille <= 10_000 or not 0 <= self.min_evidence <= 3:
            raise InvalidInput("points")
        if any(cap not in CAPS or steps < 0 for cap, steps in self.caps.items()):
            raise InvalidInput("caps")


@dataclass(frozen=True, slots=True)
class Award:
    """What a rule gives: raw steps, what is left after caps, and the cap that cut (empty when none did)."""

    raw: int
    points: int
    capped_by: str = ""


def raw_points(rule: Rule, minutes: int) -> int:
    """Steps before caps. Event rules ignore minutes; minute rules round once, by the rule's own rounding."""
    if rule.basis == "event":
        return share_per_mille(rule.points, rule.per_mille, rule.rounding)
    whole, rest = divmod(rule.points * minutes * rule.per_mille, 60 * 1000)
    if rest and (rule.rounding == "up" or (rule.rounding == "half_up" and rest * 2 >= 60_000)):
        whole += 1
    return whole


def award(rule: Rule, minutes: int, used: Mapping[str, int]) -> Award:
    """Apply the caps. `used` holds steps this person already earned under the rule per day, quarter, year, life."""
    raw = raw_points(rule, minutes)
    points, capped_by = raw, ""
    for cap in CAPS:
        if cap in rule.caps:
            room = max(0, rule.caps[cap] - used.get(cap, 0))
            if points > room:
                points, capped_by = room, cap
    return Award(raw, points, capped_by)


def served_minutes(came_at: datetime | None, left_at: datetime | None, starts_at: datetime, ends_at: datetime) -> int:
    """Whole minutes inside the planned window. Unknown coming counts from the start, unknown leaving to the end."""
    begin = max(came_at or starts_at, starts_at)
    end = min(left_at or ends_at, ends_at)
    return max(0, int((end - begin) / timedelta(minutes=1)))


CHECK_IN_OPENS_BEFORE: Final = timedelta(minutes=15)


def check_in_window(starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
    """A venue code is valid from 15 minutes before the start to the end."""
    return starts_at - CHECK_IN_OPENS_BEFORE, ends_at
