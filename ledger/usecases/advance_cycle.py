"""Walk quarters through their states: what is due now, in order, each step once, after any downtime.

Every step may run twice: its value moves are resolved at most once by the database, and the state changes only from the
state it was read in, in the same unit that records the run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ledger.domain.act import micros
from ledger.domain.cycle import Cycle, check_step, due_at, local_date, name_of, next_state, publish
from ledger.domain.errors import Forbidden, InvalidInput, NotFound, RequestInFlight, SecondPersonRequired
from ledger.domain.lot import CarryOver
from ledger.domain.people import require
from ledger.storage import cycles, goods, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.check_out import close_forgotten
from ledger.usecases.expire_holds import expire_holds
from ledger.usecases.lapse_lots import lapse_lots
from ledger.usecases.open_cycle import ensure_cycle
from ledger.usecases.request import Answer, Request, keep_note, once, with_note
from ledger.usecases.settle_cycle import settle_cycle

LEASE: Final = "cycle"
LEASE_SECONDS: Final = 60
MOVES_POINTS: Final = frozenset({"redeeming", "reconciling"})
Tell = Callable[[str], None]


def tick(book: Book, request: Request, tell: Tell | None = None) -> list[Answer]:
    """Do everything that is due at `request.now`, in order. Harmless twice.

    Returns: one {cycle, from, to} per step done, then sweeps as {swept, count} when they did something.
    Raises: RequestInFlight while another process holds the lease.
    """
    require(request.actor, "officer")
    owner = request.trace or request.actor.id
    if not book.run(lambda unit: cycles.take_lease(unit, name=LEASE, owner=owner, now=request.now, seconds=LEASE_SECONDS)):
        raise RequestInFlight()
    try:
        return _due_steps(book, request, tell or (lambda _text: None))
    finally:
        book.run(lambda unit: cycles.drop_lease(unit, name=LEASE, owner=owner))


def _due_steps(book: Book, request: Request, tell: Tell) -> list[Answer]:
    today = name_of(local_date(request.now, book.settings.zone))
    book.run(lambda unit: ensure_cycle(unit, request, today))
    done: list[Answer] = _sweep("closed_check_outs", close_forgotten(book, request))
    while (due := _next_due(book, request)) is not None:
        cycle, carry_over = due
        tell(f"{cycle.name} {cycle.state} → {next_state(cycle.state)}")
        done.append(take_step(book, request, cycle, carry_over))
    done += _sweep("expired_holds", expire_holds(book, request))
    done += _sweep("lapsed_lots", lapse_lots(book, request))
    done += _sweep("settled_late", _settle_released(book, request))
    book.run(lambda unit: unit.change(goods.SWEEP_CODES, before=micros(request.now - timedelta(days=1))))
    return done


def _sweep(name: str, count: int) -> list[Answer]:
    return [{"swept": name, "count": count}] if count else []


def _next_due(book: Book, request: Request) -> tuple[Cycle, CarryOver] | None:
    """The earliest step that is due now, over all cycles."""
    known = book.read(lambda unit: cycles.all_cycles(unit))
    due = [(at, cycle, preset) for cycle, preset in known if (at := due_at(cycle)) is not None and at <= request.now]
    if not due:
        return None
    _at, cycle, preset = min(due, key=lambda d: (d[0], d[1].name))
    return cycle, preset  # type: ignore[return-value]


def _settle_released(book: Book, request: Request) -> int:
    """Lines whose objection was refused after the notice ended settle with the next run."""
    open_now = [(c, p) for c, p in book.read(lambda unit: cycles.all_cycles(unit)) if c.state in ("redeeming", "reconciling", "sealed") and c.noticed_at]
    return sum(settle_cycle(book, request, cycle, preset) for cycle, preset in open_now)  # type: ignore[arg-type]


def take_step(book: Book, request: Request, cycle: Cycle, carry_over: CarryOver, reason: str = "") -> Answer:
    """Move a cycle to its next state, with the work that belongs to the step."""
    to = next_state(cycle.state)
    counted = 0
    if to == "redeeming":
        counted = settle_cycle(book, request, cycle, carry_over)
    elif to == "reconciling":
        counted = expire_holds(book, request, cycle=cycle.name)
    new = replace(cycle, state=to)
    if to == "noticed":
        new = publish(new, request.now, book.settings.zone)
    moved = book.run(lambda unit: _flip(unit, request, cycle, new, counted, reason))
    return {"cycle": cycle.name, "from": cycle.state, "to": to, "count": counted if moved else 0}


def _flip(unit: Unit, request: Request, old: Cycle, new: Cycle, counted: int, reason: str) -> bool:
    """Record the run, move the state and (for a notice) write its lines, all or nothing; False when it was done already."""
    book = unit.book
    if not cycles.step(unit, old, new):
        return False
    facts = {"from": old.state, "to": new.state, "count": counted, **cycles.dates_of(new)}
    act = with_note(book, request.act(book, "cycle_stepped", subject=old.name, cycle=old.name, facts=facts), reason)
    acts = [act]
    unit.change(
        cycles.RECORD_RUN, job=f"{old.state}->{new.state}", cycle=old.name, at=micros(request.now), outcome=f"done {counted}", act=act.id
    )
    if new.state == "noticed":
        unit.change(cycles.PUBLISH_LINES, cycle=old.name)
        totals = unit.rows(cycles.NOTICE_TOTALS, cycle=old.name)
        facts = {"lines": sum(int(t[1]) for t in totals), "points": sum(int(t[2]) for t in totals)}
        acts.append(request.act(book, "notice_published", subject=old.name, cycle=old.name, facts=facts))
    journal.post(unit, acts)
    keep_note(book, unit, act, reason)
    return True


def advance_cycle(book: Book, request: Request, *, cycle: str, to: str, reason: str) -> Answer:
    """Move a cycle one state on by hand, with a reason, before its date has come.

    Raises: Forbidden; NotFound; IllegalStep for any jump; InvalidInput without a reason; SecondPersonRequired where
    points move and no second person is named.
    """
    require(request.actor, "officer")
    if not reason.strip():
        raise InvalidInput("reason", "missing")
    known = book.read(lambda unit: cycles.cycle(unit, cycle))
    if known is None:
        raise NotFound("cycle")
    check_step(known[0].state, to)  # type: ignore[arg-type]
    if to in MOVES_POINTS:
        second = request.second
        if second is None or second.id == request.actor.id:
            raise SecondPersonRequired()
        if not second.has("officer"):
            raise Forbidden()
    if request.dry:
        return once(book, request, lambda unit: {"cycle": cycle, "from": known[0].state, "to": to})
    return take_step(book, request, known[0], known[1], reason)  # type: ignore[arg-type]
