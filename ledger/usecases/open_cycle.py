"""Open a quarter: from its first day, or from the first fact that belongs to it; its dates are written then."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.act import Act
from ledger.domain.cycle import Cycle, State, earning_cycle, following, local_date, name_of, planned
from ledger.domain.lot import CarryOver, expiry_of
from ledger.storage import cycles, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Request

EARNING: Final = ("draft", "earning")
BEFORE_NOTICE: Final = (*EARNING, "frozen")


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
    """The quarter a fact belongs to now, opened when needed, and whether it came too late for its own.

    A quarter that was cut off by hand, or whose cut-off passed while this request was on its way, takes no more facts:
    they would be in no notice and stay pending for ever.
    """
    settings = unit.book.settings
    fact_on = local_date(fact_at, settings.zone)
    name = earning_cycle(fact_on, request.now, settings.cycle.plan, settings.zone, cycles.cutoffs(unit))
    cycle = ensure_cycle(unit, request, name)
    while cycles.stay(unit, name) not in EARNING:
        name = max(following(name), name_of(local_date(request.now, settings.zone)))
        cycle = ensure_cycle(unit, request, name)
    return cycle, name != name_of(fact_on)


def cycle_for_record(unit: Unit, request: Request, name: str, fact_at: datetime) -> tuple[Cycle, bool]:
    """The quarter a fact was recorded for in time, as long as its notice is not out; else as for a new fact.

    Approvals and forgotten check-outs come after the cut-off, which is what the days before the notice are for.
    """
    known = cycles.cycle(unit, name)
    if known is not None and cycles.stay(unit, name) in BEFORE_NOTICE:
        return known[0], name != name_of(local_date(fact_at, unit.book.settings.zone))
    return cycle_for_fact(unit, request, fact_at)


def booking_cycle(unit: Unit, request: Request, name: str) -> str:
    """The quarter an entry about `name` is booked in: that one, or the present one once it is sealed."""
    known = cycles.cycle(unit, name)
    if known is None or known[0].state != "sealed":
        return name
    return ensure_cycle(unit, request, name_of(local_date(request.now, unit.book.settings.zone))).name


def lapses_at(book: Book, preset: CarryOver, cycle: Cycle, now: datetime) -> datetime | None:
    """When points of a quarter that become spendable now lapse. A redemption window that is already over does not count."""
    settings = book.settings
    today = local_date(now, settings.zone)
    if preset == "after_redeeming" and cycle.redeem_until is not None and cycle.redeem_until <= now:
        cycle = planned(name_of(today), settings.cycle.plan, settings.zone)
    return expiry_of(preset, cycle, today, settings.zone)
