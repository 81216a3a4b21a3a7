"""A public notice: masked names and card tails, a state for every line, and nothing that could name a phone or an ID."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.cycle import Cycle, last_day
from ledger.domain.errors import NotFound
from ledger.domain.people import mask_name
from ledger.storage import cycles, objections, people
from ledger.storage.objections import Objection, ShownLine
from ledger.storage.unit_of_work import Unit
from ledger.usecases.object_to_line import line_id


def notice_document(unit: Unit, name: str, *, pool: str = "", after: int = 0, most: int = 50, to_its_owner: bool = False) -> dict[str, Any]:
    """One page of a cycle's notice.

    Args: pool: a community's code, empty for all; after: the line number to go on behind. to_its_owner: the caller shows a
        line to nobody but the person it is about, who may see it after the notice was withdrawn too.
    Returns: cycle, state, noticed_at, ends_on, totals, pools, objections and lines in points; lines has at most `most`, and
    none once the quarter is sealed: a notice is withdrawn by itself.
    Raises: NotFound for an unknown cycle, or one whose notice has not been published.
    """
    known = cycles.cycle(unit, name)
    if known is None:
        raise NotFound("cycle")
    cycle = known[0]
    if cycle.noticed_at is None:
        raise NotFound("notice")
    pools = _pools(unit, name)
    counted = objections.counts(unit, name)
    withdrawn = cycle.state == "sealed" and not to_its_owner
    lines = [] if withdrawn else objections.shown_lines(unit, name, pool=pool, after=after, most=most)
    return {
        **cycle_heading(unit, cycle),
        "totals": {
            "lines": sum(p["lines"] for p in pools),
            "points": sum(p["points"] for p in pools),
            "reviewing": sum(p["reviewing"] for p in pools),
        },
        "pools": pools,
        "objections": {"filed": sum(counted.values()), **{state: counted.get(state, 0) for state in ("open", "upheld", "refused")}},
        "lines": [_line(unit, name, line) for line in lines],
    }


def cycle_heading(unit: Unit, cycle: Cycle) -> dict[str, Any]:
    """Which notice, since when and until which local day it hangs."""
    zone = unit.book.settings.zone
    return {
        "cycle": cycle.name,
        "state": cycle.state,
        "noticed_at": cycle.noticed_at.astimezone(ZoneInfo(zone)).isoformat() if cycle.noticed_at else None,
        "ends_on": last_day(cycle.notice_ends_at, zone).isoformat(),
    }


def objection_document(unit: Unit, tracking: str) -> dict[str, Any]:
    """What anyone may know of an objection by its number: which line, what came of it; never who objected or why.

    Raises: NotFound.
    """
    found = objections.objection(unit, tracking.strip().upper())
    if found is None:
        raise NotFound("objection")
    line = objections.line(unit, found.cycle, found.line)
    return {**_objection(unit, found), "line_state": line.state if line else ""}


def objection_for_officers(unit: Unit, found: Objection) -> dict[str, Any]:
    """An objection with its reason and contact opened, for whoever decides."""
    keyring = unit.book.keyring
    return {
        **_objection(unit, found),
        "reason": keyring.open("objection reason", found.tracking, found.reason) if found.reason else "",
        "contact": keyring.open("objection contact", found.tracking, found.contact) if found.contact else "",
        "answer": keyring.open("objection answer", found.tracking, found.answer) if found.answer else "",
    }


def _objection(unit: Unit, found: Objection) -> dict[str, Any]:
    zone = ZoneInfo(unit.book.settings.zone)

    def told(at: datetime | None) -> str | None:
        return at.astimezone(zone).isoformat() if at else None

    return {
        "tracking": found.tracking,
        "line": line_id(found.cycle, found.line),
        "cycle": found.cycle,
        "state": found.state,
        "filed_at": told(found.filed_at),
        "answer_by": last_day(found.answer_by, unit.book.settings.zone).isoformat(),
        "decided_at": told(found.decided_at),
    }


def _pools(unit: Unit, name: str) -> list[dict[str, Any]]:
    scale = unit.book.settings.scale
    names = {area.code: area.name for area in people.areas(unit)}
    return [
        {
            "pool": pool,
            "name": names.get(pool, pool),
            "lines": int(lines),
            "points": scale.number(int(points)),
            "reviewing": int(reviewing),
        }
        for pool, lines, points, reviewing in unit.rows(cycles.NOTICE_TOTALS, cycle=name)
    ]


def _line(unit: Unit, cycle: str, line: ShownLine) -> dict[str, Any]:
    zone = ZoneInfo(unit.book.settings.zone)
    return {
        "line": line_id(cycle, line.line),
        "number": line.line,
        "name": mask_name(people.open_name(unit.book, line.holder, line.sealed_name)),
        "card_tail": line.card[-4:],
        "activity": line.activity,
        "at": line.came_at.astimezone(zone).isoformat() if line.came_at else None,
        "minutes": line.minutes,
        "points": unit.book.settings.scale.number(line.points),
        "pool": line.pool,
        "state": line.state,
    }
