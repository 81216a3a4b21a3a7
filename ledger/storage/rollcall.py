"""What an organiser's screens read: activities of an area and below in a span of time, and who came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.act import micros
from ledger.domain.earning import Rule
from ledger.storage import service
from ledger.storage.people import Area
from ledger.storage.service import Activity, Attendance
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

LONGEST: Final = timedelta(days=1)

_COLUMNS: Final = (
    "v.id, v.code, v.name, v.kind, v.area, v.pool, v.place, v.host, v.starts_at, v.ends_at, v.rule, v.rule_version, v.capacity,"
    " v.organiser, v.status"
)
_UNDER: Final = "(r.path = :path OR (r.path >= :low AND r.path < :high))"
"""An area and all below it by its Chinese path; the empty path with low '' is the whole book."""

BETWEEN: Final = Statement(
    f"SELECT {_COLUMNS}, r.name,"
    " (SELECT COUNT(*) FROM {attendance} s WHERE s.activity = v.id AND s.state NOT IN ('undone','rejected')),"
    " (SELECT COUNT(*) FROM {attendance} s WHERE s.activity = v.id AND s.state = 'waiting')"
    " FROM {activity} v JOIN {area} r ON r.code = v.area"
    f" WHERE v.status = 'open' AND v.starts_at >= :begun AND v.starts_at < :until AND v.ends_at >= :since AND {_UNDER}"
    " ORDER BY v.starts_at, v.id LIMIT :most"
)
WAITING_COUNT: Final = Statement(
    "SELECT COUNT(*) FROM {attendance} s JOIN {activity} v ON v.id = s.activity JOIN {area} r ON r.code = v.area"
    f" WHERE s.state = 'waiting' AND {_UNDER}"
)
WAITING_UNDER: Final = Statement(
    "SELECT s.id, v.name FROM {attendance} s JOIN {activity} v ON v.id = s.activity JOIN {area} r ON r.code = v.area"
    f" WHERE s.state = 'waiting' AND {_UNDER} ORDER BY s.came_at, s.id LIMIT :most"
)
AREAS_UNDER: Final = Statement(
    f"SELECT r.code, r.parent, r.kind, r.name, r.path, r.pool FROM {{area}} r WHERE r.until_at IS NULL AND {_UNDER} ORDER BY r.path"
)
STATES: Final = Statement("SELECT state, COUNT(*) FROM {attendance} WHERE activity = :activity AND state <> 'undone' GROUP BY state")
PUBLISHED: Final = Statement(
    "SELECT id, version, name, basis, points, per_mille, rounding, min_evidence, caps, clause FROM {rule} r"
    " WHERE published_at IS NOT NULL AND valid_from <= :at AND NOT EXISTS (SELECT 1 FROM {rule} n WHERE n.id = r.id"
    " AND n.version > r.version AND n.published_at IS NOT NULL AND n.valid_from <= :at) ORDER BY name, id"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An activity with its area's name, how many came, and how many of those wait for an approver."""

    activity: Activity
    area: str
    present: int
    waiting: int


def between(unit: Unit, path: str | None, since: datetime, until: datetime, most: int = 100) -> list[Listed]:
    """Open activities that touch a span of time, by start. path: the area's Chinese path; None is the whole book.

    None lasts longer than a day (`open_activity`), so those that may touch the span begin within a day before it.
    """
    rows = unit.rows(BETWEEN, begun=micros(since - LONGEST), since=micros(since), until=micros(until), most=most, **_under(path))
    return [Listed(service.read_activity(row[:15]), row[15], row[16], row[17]) for row in rows]


def waiting_under(unit: Unit, path: str | None, most: int = 200) -> list[tuple[Attendance, str]]:
    """Attendances that wait for an approver, oldest first, each with its activity's name."""
    found = []
    for id, name in unit.rows(WAITING_UNDER, most=most, **_under(path)):
        mine = service.attendance(unit, id)
        if mine is not None:
            found.append((mine, name))
    return found


def waiting_count(unit: Unit, path: str | None) -> int:
    return int(unit.value(WAITING_COUNT, **_under(path)))


def areas_under(unit: Unit, path: str | None) -> list[Area]:
    """Current areas from one downwards, by path."""
    return [Area(*row) for row in unit.rows(AREAS_UNDER, **_under(path))]


def states(unit: Unit, activity: str) -> dict[str, int]:
    """How many attendances of an activity stand in each state."""
    return {state: int(count) for state, count in unit.rows(STATES, activity=activity)}


def published_rules(unit: Unit, at: datetime) -> list[Rule]:
    """The published versions that hold at a moment, by name."""
    return [service.read_rule(row) for row in unit.rows(PUBLISHED, at=micros(at))]


def _under(path: str | None) -> dict[str, str]:
    # "0" follows "/" in every collation we ship, so the range holds exactly the paths that begin with "<path>/".
    return {"path": "", "low": "", "high": "\U0010ffff"} if path is None else {"path": path, "low": f"{path}/", "high": f"{path}0"}
