"""Open an activity: name, place, time, area and the published rule it earns by."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledger.domain.act import Act, micros
from ledger.domain.errors import InvalidInput, NotFound
from ledger.domain.people import require, require_area
from ledger.storage import counters, journal, people, service
from ledger.storage.service import Activity
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once

LONGEST = timedelta(hours=24)


def open_activity(
    book: Book, request: Request, *, name: str, kind: str, area: str, starts_at: datetime, ends_at: datetime, rule: str,
    capacity: int | None = None, place: str = "",
) -> Answer:  # fmt: skip
    """Open an activity.

    Args:
        area: code or Chinese path. starts_at, ends_at: aware; at most 24 hours apart. rule: id of a published rule.
    Returns: {activity, code, name, starts_at, ends_at (µs)}.
    Raises: InvalidInput, NotFound (area, rule), Forbidden outside the organiser's area.
    """
    require(request.actor, "organiser", "officer")
    if not name.strip() or len(name) > 80 or len(place) > 120 or len(kind) > 40:
        raise InvalidInput("name", "length")
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        raise InvalidInput("ends_at", "range")
    if capacity is not None and not 0 < capacity <= 100_000:
        raise InvalidInput("capacity", "range")

    def work(unit: Unit) -> Answer:
        found = people.area(unit, area)
        if found is None:
            raise NotFound("area")
        require_area(request.actor, people.lineage(unit, found.code))
        published = service.current_rule(unit, rule, starts_at)
        if published is None:
            raise NotFound("rule")
        serial = counters.take(unit, "activity")[0]
        new = Activity(
            book.ids.new(request.now), f"A{serial:06d}", name.strip(), kind.strip(), found.code, found.pool, place.strip(), "",
            starts_at, ends_at, published.id, published.version, capacity, request.actor.id, "open",
        )  # fmt: skip
        journal.post(unit, [opened(unit, request, new)])
        unit.change(service.INSERT_ACTIVITY, **service.activity_values(new))
        return {"activity": new.id, "code": new.code, "name": new.name, "starts_at": micros(starts_at), "ends_at": micros(ends_at)}

    return once(book, request, work)


def opened(unit: Unit, request: Request, new: Activity, batch: str = "") -> Act:
    """The act that opens an activity."""
    facts = {
        "code": new.code, "name": new.name, "kind": new.kind, "area": new.area, "starts_at": micros(new.starts_at),
        "ends_at": micros(new.ends_at), "capacity": new.capacity,
    }  # fmt: skip
    return request.act(unit.book, "activity_opened", subject=new.id, rule=new.rule, rule_version=new.rule_version, batch=batch, facts=facts)
