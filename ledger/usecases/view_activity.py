"""What an organiser sees: the activities of their areas, who came, what waits for a word of theirs. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.earning import Rule
from ledger.domain.errors import NotFound
from ledger.domain.people import Actor, mask_name, require, require_area
from ledger.storage import people, rollcall, service
from ledger.storage.people import Area
from ledger.storage.rollcall import Listed
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import served_by

WIDE_KINDS = ("town", "community")
"""What somebody who serves the whole book chooses from; grids below are chosen by those who serve them."""


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who came: masked name, card's last four, and who recorded it. is_own, is_recorder: of whoever looks."""

    attendance: Attendance
    person: str
    card_tail: str
    recorded_by: str
    is_own: bool
    is_recorder: bool


@dataclass(frozen=True, slots=True)
class Roll:
    """An activity with its area, rule, numbers by state, and who came, newest first."""

    activity: Activity
    area: str
    rule: Rule
    states: dict[str, int]
    came: tuple[Came, ...]

    @property
    def present(self) -> int:
        return sum(count for state, count in self.states.items() if state != "rejected")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attendance that waits, with its activity's name."""

    came: Came
    activity: str


def activities(unit: Unit, actor: Actor, since: datetime, until: datetime) -> list[Listed]:
    """Activities of the actor's areas and below in a span of time, each once, by start."""
    found = {one.activity.id: one for path in _paths(unit, actor) for one in rollcall.between(unit, path, since, until)}
    return sorted(found.values(), key=lambda one: (one.activity.starts_at, one.activity.id))


def waiting(unit: Unit, actor: Actor) -> list[Waiting]:
    """What waits for an approver in the actor's areas, oldest first."""
    found = {mine.id: (mine, name) for path in _paths(unit, actor) for mine, name in rollcall.waiting_under(unit, path)}
    ordered = sorted(found.values(), key=lambda one: (one[0].came_at, one[0].id))
    described = _described(unit, actor, [mine for mine, _name in ordered])
    return [Waiting(came, name) for came, (_mine, name) in zip(described, ordered, strict=True)]


def waiting_count(unit: Unit, actor: Actor) -> int:
    """How many wait in the actor's areas; an area below another of theirs is counted with it."""
    paths = _paths(unit, actor)
    outer = [path for path in paths if path is None or not any(other and path.startswith(f"{other}/") for other in paths)]
    return sum(rollcall.waiting_count(unit, path) for path in outer)


def roll(unit: Unit, actor: Actor, activity: str, most: int = 200) -> Roll:
    """Who came to one activity. Raises NotFound, Forbidden outside the actor's areas."""
    found = _activity(unit, actor, activity)
    rule = service.rule(unit, found.rule, found.rule_version)
    assert rule is not None, found.rule
    area = people.area(unit, found.area)
    came = _described(unit, actor, service.attendances(unit, found.id, most))
    return Roll(found, area.name if area else found.area, rule, rollcall.states(unit, found.id), tuple(came))


def one_attendance(unit: Unit, actor: Actor, id: str) -> tuple[Roll, Came]:
    """An attendance with its activity. Raises NotFound, Forbidden."""
    mine = service.attendance(unit, id)
    if mine is None:
        raise NotFound("attendance")
    return roll(unit, actor, mine.activity, most=0), _described(unit, actor, [mine])[0]


def areas(unit: Unit, actor: Actor) -> list[Area]:
    """Where the actor may open an activity: their areas and below; towns and communities for the whole book."""
    paths = _paths(unit, actor)
    if None in paths:
        return [area for area in rollcall.areas_under(unit, None) if area.kind in WIDE_KINDS]
    found = {area.code: area for path in paths for area in rollcall.areas_under(unit, path)}
    return sorted(found.values(), key=lambda area: area.path)


def rules(unit: Unit, at: datetime) -> list[Rule]:
    """Published rules an activity may earn by."""
    return rollcall.published_rules(unit, at)


def person_came(unit: Unit, actor: Actor, attendance: str) -> Came:
    """Whose attendance it is, to tell the name after a check-in. Raises NotFound."""
    mine = service.attendance(unit, attendance)
    if mine is None:
        raise NotFound("attendance")
    return _described(unit, actor, [mine])[0]


def _activity(unit: Unit, actor: Actor, id: str) -> Activity:
    require(actor, "organiser", "officer")
    found = service.activity(unit, id)
    if found is None:
        raise NotFound("activity")
    require_area(actor, people.lineage(unit, found.area))
    return found


def _paths(unit: Unit, actor: Actor) -> list[str | None]:
    """The Chinese paths of the actor's areas; None stands for the whole book."""
    require(actor, "organiser", "officer")
    scopes = set(actor.scopes("organiser"))
    if actor.is_console or actor.has("officer") or "" in scopes:
        return [None]
    return [area.path for code in sorted(scopes) if (area := people.area(unit, code)) is not None]


def _described(unit: Unit, actor: Actor, attendances: list[Attendance]) -> list[Came]:
    names = people.names(unit, [mine.person for mine in attendances])
    recorders: dict[str, str] = {}
    for mine in attendances:
        if mine.recorded_by not in recorders:
            recorders[mine.recorded_by] = served_by(unit, mine.recorded_by)
    return [
        Came(
            mine, mask_name(names.get(mine.person, "")), people.card_of(unit, mine.person)[-4:], recorders[mine.recorded_by],
            actor.is_self(mine.person), mine.recorded_by == actor.id,
        )
        for mine in attendances
    ]  # fmt: skip
