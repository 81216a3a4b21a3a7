"""The redemption window: which cycle is open now, and a station's standing session and desk in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ledger.domain.act import Act, instant, micros
from ledger.domain.cycle import Cycle, local_date, name_of, planned
from ledger.domain.errors import CycleClosed, DeskNotOpen, NotFound
from ledger.storage import cycles, goods
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Request


@dataclass(frozen=True, slots=True)
class Window:
    """A station's session in the cycle that is redeeming; `acts` are those that opened it just now."""

    cycle: str
    session: str
    closes_at: datetime
    desk: str
    acts: tuple[Act, ...] = ()


def open_cycle_for_redeeming(unit: Unit, now: datetime) -> Cycle:
    """The cycle whose redemption window is open. Raises CycleClosed when none is (unless always open)."""
    settings = unit.book.settings
    found = cycles.redeeming(unit, now)
    if found is not None:
        return found
    if settings.redemption.always_open:
        return planned(name_of(local_date(now, settings.zone)), settings.cycle.plan, settings.zone)
    raise CycleClosed()


def window_at(unit: Unit, request: Request, station: str, *, with_desk: bool) -> Window:
    """The standing session of a station, opened on first use; with a desk when goods are to be handed over.

    Raises: CycleClosed; NotFound for an unknown station; DeskNotOpen when settings require a counted opening.
    """
    row = unit.row(cycles.WINDOW, station=station, now=micros(request.now))
    if row is not None and row[2] is not None:
        cycle, session, closes_at, desk = row[0], f"{row[0]}.{station}", instant(row[2]), row[3] or ""
        acts: list[Act] = []
    else:
        cycle, session, closes_at, desk, acts = _first_use(unit, request, station)
    if with_desk and not desk:
        desk, opened = _open_desk(unit, request, session, station, cycle)
        acts = [*acts, *opened]
    return Window(cycle, session, closes_at, desk, tuple(acts))


def _first_use(unit: Unit, request: Request, station: str) -> tuple[str, str, datetime, str, list[Act]]:
    """Open the standing session (or find it, where redemption is always open)."""
    book, now = unit.book, request.now
    cycle = open_cycle_for_redeeming(unit, now)
    if goods.station(unit, station) is None:
        raise NotFound("station")
    session = f"{cycle.name}.{station}"
    known = unit.row(goods.SESSION_DESK, id=session)
    if known is not None:
        return cycle.name, session, instant(known[0]), known[1] or "", []
    closes_at = cycle.redeem_until or now
    opens_at = min(now, closes_at)
    values = {"opens_at": micros(opens_at), "closes_at": micros(closes_at)}
    if not unit.change(goods.OPEN_SESSION, id=session, station=station, cycle=cycle.name, **values):
        return cycle.name, session, closes_at, "", []
    facts = {"kind": "standing", **values}
    act = request.act(book, "session_opened", subject=session, station=station, session=session, cycle=cycle.name, facts=facts)
    return cycle.name, session, closes_at, "", [act]


def _open_desk(unit: Unit, request: Request, session: str, station: str, cycle: str) -> tuple[str, list[Act]]:
    """Open the session's desk with the book's count, unless the settings require a counted opening.

    Those who come at the same moment wait for the session's row, so that the second finds the desk that the first opened.
    """
    book: Book = unit.book
    unit.row(goods.LOCK_SESSION, id=session)
    known = unit.row(goods.SESSION_DESK, id=session)
    if known is not None and known[1]:
        return known[1], []
    if book.settings.desk.opening_count == "required":
        raise DeskNotOpen()
    desk = f"{session}.{unit.value(goods.DESKS_OF, session=session) + 1}"
    if not unit.change(goods.OPEN_DESK, id=desk, session=session, station=station, at=micros(request.now), by=request.actor.id):
        return desk, []
    return desk, [
        request.act(book, "desk_opened", subject=desk, station=station, session=session, desk=desk, cycle=cycle, facts={"count": "book"})
    ]
