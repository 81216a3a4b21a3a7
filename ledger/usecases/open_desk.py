"""Open a station's desk, with a count or with the book's."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.domain.act import micros
from ledger.domain.errors import CycleClosed, Differs, InvalidInput, NotFound
from ledger.domain.people import require
from ledger.storage import desks, goods, journal
from ledger.storage.desks import Desk
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.count_stock import Difference, Place, check_count, count_stock
from ledger.usecases.hand_over_goods import check_station
from ledger.usecases.open_session import Window, open_cycle_for_redeeming, window_at
from ledger.usecases.request import Answer, Request, once


def open_desk(
    book: Book, request: Request, *, station: str, session: str = "", count: Mapping[str, int] | None = None, second: str = ""
) -> Answer:
    """Open the desk of a session; when it is open already and nothing was counted, that one is the answer.

    Args:
        session: of this station; its standing session by default. count: pieces by good, reserved ones included;
        None takes the book's count. second: a second person's card, needed when the count differs.
    Returns: {desk, session, station, opened_at (µs), variances}.
    Raises: Forbidden, WrongStation, NotFound, CycleClosed, InvalidInput, Differs when a count comes for an open desk,
    and what `count_stock` raises.
    """
    require(request.actor, "keeper")
    if count is not None:
        check_count(count)
    elif book.settings.desk.opening_count == "required":
        raise InvalidInput("count", "missing")

    def work(unit: Unit) -> Answer:
        check_station(request.actor, unit, station)
        found = goods.station(unit, station)
        if found is None or found.status == "undone":
            raise NotFound("station")
        window = _window(unit, request, station, session)
        unit.row(goods.LOCK_SESSION, id=window.session)
        known = desks.open_desk_of(unit, window.session)
        if known is not None:
            if count is not None:
                raise Differs(desk=known.id)
            return _answer(known)
        return _open(unit, request, window, station, count, second)

    return once(book, request, work)


def _window(unit: Unit, request: Request, station: str, session: str) -> Window:
    """The session asked for, or the station's standing one, opened when needed."""
    if not session:
        return window_at(unit, request, station, with_desk=False)
    cycle = open_cycle_for_redeeming(unit, request.now)
    if session == f"{cycle.name}.{station}":
        return window_at(unit, request, station, with_desk=False)
    found = desks.session(unit, session)
    if found is None or found.station != station:
        raise NotFound("session")
    if found.closes_at <= request.now:
        raise CycleClosed()
    return Window(found.cycle, found.id, found.closes_at, "")


def _open(unit: Unit, request: Request, window: Window, station: str, count: Mapping[str, int] | None, second: str) -> Answer:
    id = f"{window.session}.{unit.value(goods.DESKS_OF, session=window.session) + 1}"
    if not unit.change(goods.OPEN_DESK, id=id, session=window.session, station=station, at=micros(request.now), by=request.actor.id):
        raise Differs(desk=id)
    facts = {"count": "book" if count is None else dict(sorted(count.items()))}
    opened = request.act(
        unit.book, "desk_opened", subject=id, station=station, session=window.session, desk=id, cycle=window.cycle, facts=facts
    )
    acts = [*window.acts, opened]
    differences: list[Difference] = []
    if count is not None:
        varied, differences = count_stock(unit, request, Place(station, window.session, window.cycle, id), count, second)
        acts += varied
    journal.post(unit, acts)
    return {
        **_answer(Desk(id, window.session, station, request.now, request.actor.id, None)),
        "variances": [difference.answer() for difference in differences],
    }


def _answer(desk: Desk) -> Answer:
    return {
        "desk": desk.id, "session": desk.session, "station": desk.station, "opened_at": micros(desk.opened_at), "variances": [],
    }  # fmt: skip
