"""Reserve: points and goods go on hold for one station until its session ends."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.domain import account
from ledger.domain.act import micros
from ledger.domain.entry import Posting, move
from ledger.domain.redemption import Item, check_items
from ledger.passes.signing import HOLD
from ledger.passes.spoken import code_digest, derived_code
from ledger.storage import goods, journal
from ledger.storage.goods import Hold
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.draw_order import Order, draw_order
from ledger.usecases.open_session import window_at
from ledger.usecases.request import Answer, Request, once


def reserve_goods(book: Book, request: Request, *, holder: str, station: str, items: Sequence[Item]) -> Answer:
    """Put points and goods on hold.

    Args:
        holder: whose points. station: its code. items: goods and pieces.
    Returns: {hold, points, expires_at (µs), key_id}; `pick_up_code` derives the code from it.
    Raises: InvalidInput, NotFound, CycleClosed, LimitReached, NotEnoughPoints, OutOfStock, WrongStation.
    """
    wanted = check_items(items)

    def work(unit: Unit) -> Answer:
        window = window_at(unit, request, station, with_desk=False)
        order = draw_order(unit, request, holder=holder, station=station, items=wanted, cycle=window.cycle)
        id, key_id, code = _fresh_id(book, request)
        act = request.act(
            book, "hold_placed", id=id, subject=holder, cycle=window.cycle, station=station, session=window.session,
            facts={"items": order.facts(), "expires_at": micros(window.closes_at)}, postings=tuple(_reserve(order, id)),
        )  # fmt: skip
        journal.post(unit, [*window.acts, act])
        hold = Hold(act.id, holder, station, window.session, window.cycle, order.points, "held", request.now, window.closes_at, "", None)
        goods.insert_hold(unit, hold, order.lines)
        unit.change(
            goods.KEEP_CODE,
            digest=code_digest(book.keyring, code),
            purpose=HOLD,
            subject=act.id,
            nonce="",
            expires_at=micros(window.closes_at),
        )
        return {"hold": act.id, "points": order.points, "expires_at": micros(window.closes_at), "key_id": key_id}

    return once(book, request, work)


def _fresh_id(book: Book, request: Request) -> tuple[str, str, str]:
    """A hold's id with its key id and sayable code. A code of digits alone would be taken for a card number."""
    key_id = book.keyring.current_id("derive")
    while True:
        id = book.ids.new(request.now)
        code = derived_code(book.keyring, "hold", id, key_id=key_id)
        if not code.isdigit():
            return id, key_id, code


def _reserve(order: Order, hold: str) -> list[Posting]:
    legs: list[Posting] = []
    for draw in order.draws:
        legs += move(account.wallet(order.holder, draw.lot), account.held_points(hold, draw.lot), draw.amount)
    for pick in order.picks:
        lot = pick.receipt
        legs += move(account.shelf(order.station, lot.id, lot.sku), account.held_goods(hold, lot.id, lot.sku), pick.quantity)
    return legs


def pick_up_code(book: Book, answer: Answer) -> str:
    """The hold's sayable code, derived again from the kept facts."""
    return derived_code(book.keyring, "hold", answer["hold"], key_id=answer["key_id"])
