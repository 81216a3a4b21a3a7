"""Close a desk: count what is left, and see that points, goods and cost tell one story."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.domain.act import micros
from ledger.domain.errors import DeskNotOpen, Differs, NotFound
from ledger.domain.people import require
from ledger.storage import desks, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.count_stock import Place, check_count, count_stock
from ledger.usecases.hand_over_goods import check_station
from ledger.usecases.request import Answer, Request, once


def close_desk(book: Book, request: Request, *, desk: str, count: Mapping[str, int], second: str = "") -> Answer:
    """Close a desk with its count; missing and surplus pieces are booked under two names.

    Args:
        count: pieces by good, reserved ones included. second: a second person's card, needed when the count differs.
    Returns: {desk, closed_at (µs), hand_overs, points (steps), pieces, cost_fen, variances, entry}; entry is
    None when nothing differs.
    Raises: NotFound, WrongStation, DeskNotOpen when it is closed, Differs when the desk's own records and the journal
    do not agree (nobody closes over that), and what `count_stock` raises.
    """
    require(request.actor, "keeper")
    check_count(count)

    def work(unit: Unit) -> Answer:
        found = desks.desk(unit, desk)
        if found is None:
            raise NotFound("desk")
        check_station(request.actor, unit, found.station)
        session = desks.session(unit, found.session)
        assert session is not None, found.session
        if not desks.close(unit, found.id, request.now):
            raise DeskNotOpen()
        turnover, agrees = desks.turnover(unit, found, session.cycle)
        if not agrees:
            raise Differs(desk=found.id)
        varied, differences = count_stock(unit, request, Place(found.station, session.id, session.cycle, found.id), count, second)
        facts = {"count": dict(sorted(count.items())), "hand_overs": turnover.hand_overs}
        closed = request.act(
            book,
            "desk_closed",
            subject=found.id,
            station=found.station,
            session=session.id,
            desk=found.id,
            cycle=session.cycle,
            facts=facts,
        )
        journal.post(unit, [*varied, closed])
        return {
            "desk": found.id, "closed_at": micros(request.now), "hand_overs": turnover.hand_overs, "points": turnover.points,
            "pieces": turnover.pieces, "cost_fen": turnover.cost_fen, "variances": [d.answer() for d in differences],
            "entry": varied[0].id if varied else None,
        }  # fmt: skip

    return once(book, request, work)
