"""Activities as anybody signed in may see them, and who came, as staff may."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.errors import NotFound
from ledger.domain.people import Actor, mask_name, require, require_area
from ledger.storage import people, service
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Unit


def activity_document(unit: Unit, activity: Activity) -> dict[str, Any]:
    """CONTRACT §3 `GET /activities`: times local, the rule by id and version."""
    zone = ZoneInfo(unit.book.settings.zone)
    return {
        "activity": activity.id,
        "code": activity.code,
        "name": activity.name,
        "kind": activity.kind,
        "area": activity.area,
        "place": activity.place,
        "starts_at": activity.starts_at.astimezone(zone).isoformat(),
        "ends_at": activity.ends_at.astimezone(zone).isoformat(),
        "rule": activity.rule,
        "rule_version": activity.rule_version,
        "capacity": activity.capacity,
    }


def one_activity(unit: Unit, id: str) -> dict[str, Any]:
    """An activity by id or code, with how many came. Raises NotFound."""
    found = service.activity(unit, id)
    if found is None or found.status == "undone":
        raise NotFound("activity")
    return {**activity_document(unit, found), "present": int(unit.value(service.PRESENT, activity=found.id))}


def attendances_document(unit: Unit, actor: Actor, id: str, most: int) -> dict[str, Any]:
    """Who came to an activity, newest first, names masked. Raises NotFound, Forbidden outside the organiser's area."""
    require(actor, "organiser", "keeper", "officer", "auditor")
    found = service.activity(unit, id)
    if found is None or found.status == "undone":
        raise NotFound("activity")
    if not actor.has("keeper", "auditor"):
        require_area(actor, people.lineage(unit, found.area))
    present = service.attendances(unit, found.id, most)
    names = people.names(unit, [a.person for a in present])
    return {"attendances": [_attendance(unit, a, names.get(a.person, "")) for a in present]}


def _attendance(unit: Unit, attendance: Attendance, name: str) -> dict[str, Any]:
    zone = ZoneInfo(unit.book.settings.zone)

    def told(at: datetime | None) -> str | None:
        return at.astimezone(zone).isoformat() if at else None

    return {
        "attendance": attendance.id,
        "name": mask_name(name),
        "card_tail": people.card_of(unit, attendance.person)[-4:],
        "state": attendance.state,
        "came_at": told(attendance.came_at),
        "left_at": told(attendance.left_at),
        "minutes": attendance.minutes,
        "points": unit.book.settings.scale.number(attendance.points),
        "evidence_level": attendance.evidence_level,
        "flags": attendance.flags.split(),
    }
