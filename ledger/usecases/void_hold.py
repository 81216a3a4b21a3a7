"""Call a hold off, or let it expire: points go back to their lots and goods to their shelf."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ledger.domain.act import Act
from ledger.domain.entry import opposite
from ledger.domain.errors import Forbidden, HoldResolved, NotFound
from ledger.domain.redemption import Item
from ledger.storage import goods, journal, people
from ledger.storage.goods import Hold
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.pay_debt import pay_debt
from ledger.usecases.request import Answer, Request, once


def void_hold(book: Book, request: Request, *, hold: str) -> Answer:
    """Void one's own hold, or (staff) anybody's. Again: the same answer.

    Raises: NotFound; Forbidden; HoldResolved when it was collected or expired.
    """

    def work(unit: Unit) -> Answer:
        found = goods.hold(unit, hold)
        if found is None:
            raise NotFound("hold")
        actor = request.actor
        if not (actor.person == found.holder or actor.is_console or actor.has("officer") or found.station in actor.scopes("keeper")):
            raise Forbidden()
        if found.state == "voided":
            return {"hold": hold, "state": "voided"}
        release(unit, request, found, kind="hold_voided", state="voided")
        return {"hold": hold, "state": "voided"}

    return once(book, request, work)


def release(unit: Unit, request: Request, hold: Hold, *, kind: str, state: str) -> Act:
    """Write the opposite of the hold's entry; its allowance is given back. Raises HoldResolved when somebody was first."""
    people.lock(unit, hold.holder)
    placed = journal.act_by_id(unit, hold.id)
    assert placed is not None, hold.id
    act = request.act(
        unit.book, kind, subject=hold.holder, cycle=hold.cycle, station=hold.station, session=hold.session,
        resolves=hold.id, postings=opposite(placed.postings),
    )  # fmt: skip
    if not goods.resolve_hold(unit, hold.id, state=state, act=act.id, now=request.now):
        raise resolved(unit, hold.id)
    journal.post(unit, [act, *pay_debt(unit, request, holder=hold.holder, cycle=hold.cycle, returned=act.postings)])
    items = [Item(line.sku, line.quantity) for line in goods.hold_lines(unit, hold.id)]
    goods.give_back(unit, holder=hold.holder, cycle=hold.cycle, items=items)
    return act


def resolved(unit: Unit, id: str) -> HoldResolved:
    """The refusal for a hold that was already settled, voided or expired: what, where and when."""
    hold = goods.hold(unit, id)
    assert hold is not None
    station = goods.station(unit, hold.station)
    at = hold.resolved_at.astimezone(ZoneInfo(unit.book.settings.zone)) if hold.resolved_at else None
    return HoldResolved(hold.state, station.name if station else "", f"{at:%m-%d %H:%M}" if at else "")
