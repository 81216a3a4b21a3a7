"""A quarter as the public and its officers see it: state, local dates, and (for officers) its totals."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from ledger.domain.cycle import Cycle, last_day
from ledger.domain.errors import NotFound
from ledger.storage import cycles, statements
from ledger.storage.unit_of_work import Unit


def cycle_document(unit: Unit, cycle: Cycle, *, with_totals: bool) -> dict[str, Any]:
    """CONTRACT §2 `cycle show`: dates are the local days whose end they mean; totals in points, from sums over the quarter."""
    zone, scale = unit.book.settings.zone, unit.book.settings.scale
    ends = {
        "cutoff_on": cycle.cutoff_at,
        "notice_ends_on": cycle.notice_ends_at,
        "redeem_until": cycle.redeem_until,
        "settle_until": cycle.settle_until,
    }
    dates: dict[str, Any] = {"starts_on": cycle.starts_on.isoformat(), "ends_on": cycle.ends_on.isoformat()}
    dates |= {name: last_day(at, zone).isoformat() if at else None for name, at in ends.items()}
    dates["notice_from"] = cycle.notice_from.astimezone(ZoneInfo(zone)).date().isoformat()
    dates["noticed_at"] = cycle.noticed_at.astimezone(ZoneInfo(zone)).isoformat() if cycle.noticed_at else None
    document: dict[str, Any] = {"cycle": cycle.name, "state": cycle.state, "dates": dates}
    if with_totals:
        document["totals"] = {name: scale.number(steps) for name, steps in statements.cycle_totals(unit, cycle.name).items()}
    return document


def cycles_document(unit: Unit, *, with_totals: bool) -> dict[str, Any]:
    """Every quarter, oldest first."""
    return {"cycles": [cycle_document(unit, cycle, with_totals=with_totals) for cycle, _preset in cycles.all_cycles(unit)]}


def one_cycle_document(unit: Unit, name: str, *, with_totals: bool) -> dict[str, Any]:
    """One quarter by its name. Raises NotFound."""
    known = cycles.cycle(unit, name)
    if known is None:
        raise NotFound("cycle")
    return cycle_document(unit, known[0], with_totals=with_totals)
