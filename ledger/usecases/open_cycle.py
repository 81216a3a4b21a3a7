"""Open a quarter: from its first day, or from the first fact that belongs to it; its dates are written then."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.act import Act
from ledger.domain.cycle import Cycle, State, earning_cycle, local_date, name_of, planned
from ledger.storage import cycles, journal
from ledger.storage.unit_of_work import Unit
from ledger.usecases.request import Request


def ensure_cycle(unit: Unit, request: Request, name: str, state: State = "earning") -> Cycle:
    """The cycle of that name, opened now when it does not exist yet."""
    known = cycles.cycle(unit, name)
    if known is not None:
        return known[0]
    settings = unit.book.settings
    new = planned(name, settings.cycle.plan, settings.zone, state)
    if cycles.insert(unit, new, settings.cycle.carry_over):
        journal.post(unit, [_opened(unit, request, new)])
    return new


def _opened(unit: Unit, request: Request, new: Cycle) -> Act:
    facts = {"state": new.state, "carry_over": unit.book.settings.cycle.carry_over, **cycles.dates_of(new)}
    return request.act(unit.book, "cycle_opened", subject=new.name, cycle=new.name, facts=facts)


def cycle_for_fact(unit: Unit, request: Request, fact_at: datetime) -> tuple[Cycle, bool]:
    """The quarter a fact belongs to now, opened when needed, and whether it came too late for its own."""
    settings = unit.book.settings
    fact_on = local_date(fact_at, settings.zone)
    name = earning_cycle(fact_on, request.now, settings.cycle.plan, settings.zone, cycles.cutoffs(unit))
    return ensure_cycle(unit, request, name), name != name_of(fact_on)
