"""Give somebody a dated role, or end it. Roles are grants in the journal; they take effect with the next request."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.act import Act, micros
from ledger.domain.errors import InvalidInput, NotFound
from ledger.domain.people import ROLES, require
from ledger.storage import access, journal, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once

SCOPED_BY: Final = {"keeper": "station", "organiser": "area"}


def give_role(
    book: Book,
    request: Request,
    *,
    grantee: str,
    role: str,
    station: str = "",
    area: str = "",
    until: datetime | None = None,
    deputy_for: str = "",
) -> Answer:
    """Grant a role to a login (U…) or a person (V…).

    Args:
        station: a keeper's station; area: an organiser's area by code or path, empty for the whole book.
        until: when the grant ends by itself, for deputies. deputy_for: the grantee whose place this is.
    Returns: grant, role, scope.
    Raises: Forbidden unless an admin or the console asks; InvalidInput; NotFound.
    """
    require(request.actor, "admin")

    def work(unit: Unit) -> Answer:
        if not is_known(unit, grantee):
            raise NotFound("login")
        scope = scope_of(unit, role, station, area)
        if until is not None and until <= request.now:
            raise InvalidInput("until_at", "in_past")
        act = post_grant(unit, request, grantee, role, scope, until=until, deputy_for=deputy_for)
        return {"grant": act.facts["grant"], "role": role, "scope": scope}

    return once(book, request, work)


def end_role(book: Book, request: Request, *, grant: str) -> Answer:
    """End a grant now. Ending one that has ended is harmless. Raises Forbidden, NotFound."""
    require(request.actor, "admin")

    def work(unit: Unit) -> Answer:
        row = unit.row(access.GRANT, id=grant)
        if row is None:
            raise NotFound("grant")
        _, grantee, role, scope, from_at, _ = row
        if unit.change(access.END_GRANT, id=grant, now=micros(request.now)):
            facts = {"grant": grant, "role": role, "scope": scope, "from_at": from_at, "until_at": micros(request.now)}
            journal.post(unit, [request.act(book, "grant_ended", subject=grantee, facts=facts)])
        return {"grant": grant, "role": role, "scope": scope}

    return once(book, request, work)


def scope_of(unit: Unit, role: str, station: str, area: str) -> str:
    """What a role reaches: a keeper's station, an organiser's area, nothing else. Raises InvalidInput by field."""
    if role not in ROLES:
        raise InvalidInput("role", "unknown")
    if station and role != "keeper":
        raise InvalidInput("station", "unknown_field")
    if area and role != "organiser":
        raise InvalidInput("area", "unknown_field")
    if role == "keeper":
        return _station(unit, station)
    return _area(unit, area) if role == "organiser" and area else ""


def post_grant(
    unit: Unit, request: Request, grantee: str, role: str, scope: str, *, until: datetime | None = None, deputy_for: str = ""
) -> Act:
    """Write a grant that was checked: its row and its act."""
    grant = unit.book.ids.new(request.now)
    dates = {"from_at": micros(request.now), "until_at": None if until is None else micros(until)}
    unit.change(access.ADD_GRANT, id=grant, grantee=grantee, role=role, scope=scope, deputy_for=deputy_for, **dates)
    facts = {"grant": grant, "role": role, "scope": scope, **dates}
    act = request.act(unit.book, "grant_given", subject=grantee, on_behalf_of=deputy_for, facts=facts)
    journal.post(unit, [act])
    return act


def is_known(unit: Unit, grantee: str) -> bool:
    if grantee.startswith("U"):
        found = access.login_by_id(unit, grantee)
        return found is not None and not found.is_disabled
    return grantee.startswith("V") and people.lock(unit, grantee) is not None


def _station(unit: Unit, code: str) -> str:
    if not code:
        raise InvalidInput("station", "missing")
    if unit.value(access.STATION_CODE, code=code) is None:
        raise NotFound("station")
    return code


def _area(unit: Unit, text: str) -> str:
    found = people.area(unit, text)
    if found is None:
        raise NotFound("area")
    return found.code
