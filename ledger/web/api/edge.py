"""From what use cases answer to what the contract shows: points for smallest steps, local ISO times for microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.act import instant
from ledger.domain.cycle import end_of_day, start_of_day
from ledger.web import gate


def in_points(answer: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The answer with these amounts in points."""
    scale = gate.book_settings().scale
    return {name: scale.number(value) if name in names else value for name, value in answer.items()}


def local_iso(at_micros: int) -> str:
    """Stored microseconds as ISO 8601 with the district's offset, to the second or finer where it is finer."""
    return instant(at_micros).astimezone(ZoneInfo(gate.book_settings().zone)).isoformat()


def iso(at: datetime) -> str:
    return at.astimezone(ZoneInfo(gate.book_settings().zone)).isoformat()


def steps_of(points: int) -> int:
    """Whole points of a request as smallest steps."""
    return gate.book_settings().scale.steps(points)


def day_bounds(since: date | None, until: date | None) -> tuple[datetime, datetime]:
    """[start of `since`, end of `until`) in the district's zone; None is no bound."""
    zone = gate.book_settings().zone
    begin = start_of_day(since, zone) if since else datetime(1970, 1, 2, tzinfo=UTC)
    end = end_of_day(until, zone) if until else datetime(2200, 1, 1, tzinfo=UTC)
    return begin, end
