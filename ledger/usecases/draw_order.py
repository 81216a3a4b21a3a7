"""An order made ready: priced, within limits, paid from lots oldest first, taken from receipts first in first out.

Shared by reserving and by handing over at once, so that both follow the same rules in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.domain import account
from ledger.domain.entry import Posting, move
from ledger.domain.errors import Forbidden, LimitReached, NotFound, WrongStation
from ledger.domain.lot import Draw, draw_oldest_first
from ledger.domain.redemption import Item, Line, Offer, Pick, check_limits, pick_first_in, price
from ledger.storage import goods, people
from ledger.storage.unit_of_work import Unit
from ledger.usecases.request import Request


@dataclass(frozen=True, slots=True)
class Order:
    """What leaves whose wallet and which shelf. `points` in smallest steps; `spendable` is what the wallet held before."""

    holder: str
    station: str
    lines: tuple[Line, ...]
    spendable: int
    draws: tuple[Draw, ...]
    picks: tuple[Pick, ...]

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(Item(line.sku, line.quantity) for line in self.lines)

    def facts(self) -> list[dict[str, int | str]]:
        return items_facts(self.lines)


def items_facts(lines: Sequence[Line]) -> list[dict[str, int | str]]:
    """Lines as acts carry them."""
    return [{"sku": line.sku, "quantity": line.quantity, "price_points": line.price_points} for line in lines]


def draw_order(unit: Unit, request: Request, *, holder: str, station: str, items: Sequence[Item], cycle: str) -> Order:
    """Read prices, lots and shelves and decide the order; the guards decide again when it is posted.

    Raises: NotFound (station or holder), Forbidden (holder closed), InvalidInput (unknown good), LimitReached,
    NotEnoughPoints, OutOfStock, WrongStation (own area only).
    """
    locked = people.lock(unit, holder)
    if locked is None:
        raise NotFound("person")
    if locked[0] not in ("active", "provisional"):
        raise Forbidden(reason="holder_closed")
    _check_station(unit, station, locked[1])
    offers = goods.offers(unit, items, holder, cycle)
    lines = price(items, offers)
    check_limits(items, offers)
    lots = [lot for lot in goods.lots(unit, "wallet", holder) if lot.expires_at is None or lot.expires_at > request.now]
    draws = draw_oldest_first(lots, sum(line.points for line in lines), request.now)
    picks = pick_first_in(items, goods.receipts(unit, station, items), offers)
    _count_against_limits(unit, holder, cycle, items, offers)
    return Order(holder, station, lines, sum(lot.remaining for lot in lots), draws, picks)


def _check_station(unit: Unit, code: str, pool: str) -> None:
    """Where points may be spent only in one's own area. (That the station exists was seen when its session opened.)"""
    if not unit.book.settings.redemption.own_area_only:
        return
    found = goods.station(unit, code)
    if found is None:
        raise NotFound("station")
    if pool not in people.lineage(unit, found.area):
        raise WrongStation(found.name)


def _count_against_limits(unit: Unit, holder: str, cycle: str, items: Sequence[Item], offers: dict[str, Offer]) -> None:
    for item in items:
        offer = offers[item.sku]
        if not goods.allow(unit, holder=holder, cycle=cycle, item=item, limit=offer.limit_per_cycle):
            raise LimitReached(item.sku, offer.name, offer.limit_per_cycle or 0, offer.taken)


def pay(draws: Sequence[Draw], holder: str, session: str) -> list[Posting]:
    """Points from the wallet's lots straight to `redeemed`, per pool."""
    legs: list[Posting] = []
    for draw in draws:
        pool = draw.lot.partition(".")[2]
        legs += move(account.wallet(holder, draw.lot), account.redeemed(session, pool), draw.amount)
    return legs


def hand(picks: Sequence[Pick], station: str, session: str) -> list[Posting]:
    """Goods from the shelf to `handed`, and what they cost from the station's worth to `spent`, per source."""
    legs: list[Posting] = []
    for pick in picks:
        receipt = pick.receipt
        legs += move(account.shelf(station, receipt.id, receipt.sku), account.handed(session, receipt.sku), pick.quantity)
        legs += charge(pick, station, session)
    return legs


def charge(pick: Pick, station: str, session: str) -> list[Posting]:
    """The cost of picked pieces, charged to the funding source; nothing for goods that cost nothing."""
    if not pick.cost_fen:
        return []
    return list(move(account.worth(station, pick.receipt.id), account.spent(session, pick.receipt.source), pick.cost_fen))
