"""Walk quarters through their states: what is due now, in order, each step once, after any downtime.

Every step may run twice: its value moves are resolved at most once by the database, and the state changes only from the
state it was read in, in the same unit that records the run. A lease keeps two workers from doing the same work in vain;
it is renewed with every piece, and whoever lost it stops at the piece it was at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.act import micros
from ledger.domain.cycle import Cycle, check_step, due_at, freeze, local_date, name_of, next_state, publish
from ledger.domain.errors import Forbidden, InvalidInput, NotFound, SecondPersonRequired
from ledger.domain.lot import CarryOver
from ledger.domain.people import require
from ledger.storage import cycles, goods, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.check_out import close_forgotten
from ledger.usecases.expire_holds import expire_holds
from ledger.usecases.lapse_lots import lapse_lots
from ledger.usecases.lease import LEASE_SECONDS, Keep, Lease, unguarded
from ledger.usecases.open_cycle import ensure_cycle
from ledger.usecases.request import Answer, Request, keep_note, once, with_note
from ledger.usecases.settle_cycle import settle_cycle

LEASE: Final = "cycle"
PATIENCE_SECONDS: Final = 20
"""How long a person waits for a scheduler that is at work on the same book."""
MOVES_POINTS: Final = frozenset({"redeeming", "reconciling"})
Tell = Callable[[str], None]


def tick(
    book: Book, request: Request, tell: Tell | None = None, *, patience_s: float = PATIENCE_SECONDS, lease_s: int = LEASE_SECONDS,
    should_stop: Callable[[], bool] | None = None,
) -> list[Answer]:  # fmt: skip
    """Do everything that is due at `request.now`, in order. Harmless twice.

    Args:
        tell: is told each step before it is taken. patience_s: how long to wait for another worker to finish.
        lease_s: after how long a killed worker's place is free. should_stop: asked before each piece of work.
    Returns: one {cycle, from, to, count} per step done, then sweeps as {swept, count} when they did something.
    Raises: RequestInFlight while another worker holds the lease, when it was lost, or when the work was to stop; what is
        done until then is whole, and the next run goes on from there.
    """
    require(request.actor, "officer")
    lease = _lease(book, request, lease_s, should_stop)
    lease.take(patience_s)
    try:
        return _due_steps(book, request, tell or (lambda _text: None), lease.keep)
    finally:
        lease.drop()


def _lease(book: Book, request: Request, seconds: int = LEASE_SECONDS, should_stop: Callable[[], bool] | None = None) -> Lease:
    owner = request.trace or book.ids.new(request.now)
    return Lease(book, name=LEASE, owner=owner, now=request.now, seconds=seconds, should_stop=should_stop)


def due_steps(book: Book, request: Request) -> list[Answer]:
    """The steps that `tick` would take at `request.now`, one {cycle, from, to} each, in order. Writes nothing.

    A quarter's own dates follow each step, as they would: a notice published now ends days from now.
    """
    require(request.actor, "officer")
    known = {cycle.name: cycle for cycle, _preset in book.read(cycles.all_cycles)}
    found: list[Answer] = []
    while due := [(at, cycle) for cycle in known.values() if (at := due_at(cycle)) is not None and at <= request.now]:
        _at, cycle = min(due, key=lambda each: (each[0], each[1].name))
        known[cycle.name] = _stepped(cycle, request.now, book.settings.zone)
        found.append({"cycle": cycle.name, "from": cycle.state, "to": known[cycle.name].state})
    return found


def _stepped(cycle: Cycle, now: datetime, zone: str) -> Cycle:
    """The cycle in its next state, with the dates that this moves."""
    to = next_state(cycle.state)
    if to == "frozen":
        return freeze(cycle, now)
    return publish(cycle, now, zone) if to == "noticed" else replace(cycle, state=to)


def _due_steps(book: Book, request: Request, tell: Tell, keep: Keep) -> list[Answer]:
    today = name_of(local_date(request.now, book.settings.zone))
    book.run(lambda unit: _open_quarter(unit, request, today, keep))
    done: list[Answer] = _sweep("closed_check_outs", close_forgotten(book, request))
    while (due := _next_due(book, request)) is not None:
        cycle, carry_over = due
        tell(f"{cycle.name} {cycle.state} → {next_state(cycle.state)}")
        done.append(take_step(book, request, cycle, carry_over, keep=keep))
    done += _sweep("expired_holds", expire_holds(book, request, keep=keep))
    done += _sweep("lapsed_lots", lapse_lots(book, request, keep=keep))
    done += _sweep("settled_late", _settle_released(book, request, keep))
    book.run(lambda unit: unit.change(goods.SWEEP_CODES, before=micros(request.now - timedelta(days=1))))
    return done


def _open_quarter(unit: Unit, request: Request, name: str, keep: Keep) -> None:
    keep(unit)
    ensure_cycle(unit, request, name)


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


def _settle_released(book: Book, request: Request, keep: Keep) -> int:
    """Lines whose objection was refused after the notice ended settle with the next run."""
    open_now = [
        (c, p)
        for c, p in book.read(lambda unit: cycles.all_cycles(unit))
        if c.state in ("redeeming", "reconciling", "sealed") and c.noticed_at is not None
    ]
    return sum(settle_cycle(book, request, cycle, preset, keep=keep) for cycle, preset in open_now)  # type: ignore[arg-type,misc]


def take_step(
    book: Book, request: Request, cycle: Cycle, carry_over: CarryOver, reason: str = "", *, keep: Keep = unguarded
) -> Answer:  # fmt: skip
    """Move a cycle to its next state, with the work that belongs to the step."""
    to = next_state(cycle.state)
    counted = 0
    if to == "redeeming":
        counted = settle_cycle(book, request, cycle, carry_over, keep=keep)
    elif to == "reconciling":
        counted = expire_holds(book, request, cycle=cycle.name, keep=keep)
    new = _stepped(cycle, request.now, book.settings.zone)
    moved = book.run(lambda unit: _flip(unit, request, cycle, new, counted, reason, keep))
    return {"cycle": cycle.name, "from": cycle.state, "to": to, "count": counted if moved else 0}


def _flip(unit: Unit, request: Request, old: Cycle, new: Cycle, counted: int, reason: str, keep: Keep) -> bool:
    """Record the run, move the state and (for a notice) write its lines, all or nothing; False when it was done already."""
    book = unit.book
    keep(unit)
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
    known = _known(book, cycle, to)[0]
    if to in MOVES_POINTS:
        _check_second(request)
    if request.dry:
        return once(book, request, lambda _unit: {"cycle": cycle, "from": known.state, "to": to})
    lease = _lease(book, request)
    lease.take(PATIENCE_SECONDS)
    try:
        return take_step(book, request, *_known(book, cycle, to), reason, keep=lease.keep)
    finally:
        lease.drop()


def _known(book: Book, name: str, to: str) -> tuple[Cycle, CarryOver]:
    """The cycle as it stands, when the step asked for is its next one. Raises NotFound, IllegalStep."""
    found = book.read(lambda unit: cycles.cycle(unit, name))
    if found is None:
        raise NotFound("cycle")
    check_step(found[0].state, to)  # type: ignore[arg-type]
    return found  # type: ignore[return-value]


def _check_second(request: Request) -> None:
    """Where points move, a second officer stands beside the first. Raises SecondPersonRequired, Forbidden."""
    second = request.second
    if second is None or second.id == request.actor.id:
        raise SecondPersonRequired()
    if not second.has("officer"):
        raise Forbidden()
