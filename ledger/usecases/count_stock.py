"""Count a shelf: what is there against what the book says, and the entry that makes them agree under two names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ledger.domain import account
from ledger.domain.account import CNY
from ledger.domain.act import Act
from ledger.domain.entry import Posting, move
from ledger.domain.errors import InvalidInput, OutOfStock, SecondPersonRequired
from ledger.domain.people import Actor
from ledger.domain.redemption import QUANTITY_MAX
from ledger.storage import desks, goods, people
from ledger.storage.desks import ShelfLot
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import identify
from ledger.usecases.request import Answer, Request

COUNTED_MAX = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One good whose count is not the book's. `cost_fen` is what the difference cost, negative when goods are missing."""

    sku: str
    name: str
    book: int
    counted: int
    cost_fen: int

    def answer(self) -> Answer:
        return {
            "sku": self.sku, "name": self.name, "book": self.book, "counted": self.counted,
            "difference": self.counted - self.book, "cost_fen": self.cost_fen,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for which desk the count was made."""

    station: str
    session: str
    cycle: str
    desk: str


def check_count(count: Mapping[str, int]) -> None:
    """Raises InvalidInput for too many goods or a number of pieces that cannot be."""
    if len(count) > COUNTED_MAX:
        raise InvalidInput("count", "too_many")
    if any(isinstance(pieces, bool) or not 0 <= pieces <= QUANTITY_MAX for pieces in count.values()):
        raise InvalidInput("count", "range")


def count_stock(unit: Unit, request: Request, place: Place, count: Mapping[str, int], second: str) -> tuple[list[Act], list[Difference]]:
    """Compare a count of everything that stands at the station, reserved goods included, with the book.

    Args:
        count: pieces by good; every good the book has there must be in it.
        second: the second person's card, needed when anything differs (or `request.second`).
    Returns: the entry to post (none when all agrees) and the differences.
    Raises: InvalidInput for a good never received there or left out, SecondPersonRequired, OutOfStock when even
    reserved pieces are missing: those holds are called off first.
    """
    lots: dict[str, list[ShelfLot]] = {}
    for lot in desks.shelf_lots(unit, place.station):
        lots.setdefault(lot.sku, []).append(lot)
    reserved = {sku: int(pieces) for sku, pieces in unit.rows(goods.RESERVED, station=place.station)}
    if count.keys() - lots.keys():
        raise InvalidInput("count", "unknown_goods")
    legs: list[Posting] = []
    found: list[Difference] = []
    for sku in sorted(lots):
        book = sum(lot.left for lot in lots[sku]) + reserved.get(sku, 0)
        if sku not in count and book:
            raise InvalidInput("count", "missing")
        counted = count.get(sku, 0)
        if counted != book:
            moved, cost_fen = _level(place, lots[sku], counted - book)
            legs += moved
            found.append(Difference(sku, lots[sku][0].name, book, counted, cost_fen))
    if not found:
        return [], []
    named = replace(request, second=second_person(unit, request, second))
    facts = {"lines": [{"sku": d.sku, "book": d.book, "counted": d.counted} for d in found]}
    act = named.act(
        unit.book, "stock_varied", subject=place.station, cycle=place.cycle, station=place.station, session=place.session,
        desk=place.desk, facts=facts, postings=tuple(legs),
    )  # fmt: skip
    return [act], found


def _level(place: Place, lots: list[ShelfLot], difference: int) -> tuple[list[Posting], int]:
    """Legs that bring the shelf to the count: missing pieces leave the oldest lots, surplus ones join the newest."""
    legs: list[Posting] = []
    cost_fen = 0
    off, off_cost = account.variance(place.desk, lots[0].sku), account.variance(place.desk, CNY)
    if difference > 0:
        lot = lots[-1]
        legs += move(off, account.shelf(place.station, lot.receipt, lot.sku), difference)
        if lot.unit_cost_fen:
            legs += move(off_cost, account.worth(place.station, lot.receipt), difference * lot.unit_cost_fen)
        return legs, difference * lot.unit_cost_fen
    missing = -difference
    for lot in lots:
        taken = min(lot.left, missing)
        if taken:
            legs += move(account.shelf(place.station, lot.receipt, lot.sku), off, taken)
            if lot.unit_cost_fen:
                legs += move(account.worth(place.station, lot.receipt), off_cost, taken * lot.unit_cost_fen)
            missing -= taken
            cost_fen -= taken * lot.unit_cost_fen
    if missing:
        raise OutOfStock(lots[0].sku, lots[0].name, sum(lot.left for lot in lots))
    return legs, cost_fen


def second_person(unit: Unit, request: Request, card: str) -> Actor:
    """The other name under a count: the request's second person, or the holder of the card shown, who must have a role.

    Raises: SecondPersonRequired, and what reading the card raises.
    """
    actor = request.actor
    if request.second is not None:
        second = request.second
    elif card:
        holder = identify(unit, card, now=request.now).holder
        if not people.has_role(unit, holder, request.now):
            raise SecondPersonRequired()
        second = Actor(holder, person=holder)
    else:
        raise SecondPersonRequired()
    if second.id == actor.id or (second.person and actor.is_self(second.person)):
        raise SecondPersonRequired()
    return second
