"""Change what a good costs in points, or how many one person may take in a quarter. Holds keep the price they were placed at."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ledger.domain.errors import Differs, InvalidInput, NotFound
from ledger.domain.people import require
from ledger.domain.points import POSTING_MAX
from ledger.storage import journal, registers
from ledger.storage.registers import Good
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, keep_note, once, with_note

LIMIT_MAX: Final = 10_000


def price_good(
    book: Book,
    request: Request,
    *,
    sku: str,
    price_points: int,
    limit_per_cycle: int | None,
    was_price: int | None = None,
    reason: str = "",
) -> Answer:
    """Set the price (smallest steps, > 0) and the limit (None: no limit) of a good from now on.

    Args: was_price: the price the officer saw, when a page showed one.
    Returns: sku, price_points, limit_per_cycle (in steps and pieces), changed.
    Raises: Forbidden unless an officer asks; NotFound; InvalidInput; Differs when the price is no longer the one that was seen.
    """
    require(request.actor, "officer")
    if not 0 < price_points <= POSTING_MAX:
        raise InvalidInput("price", "range")
    if limit_per_cycle is not None and not 0 < limit_per_cycle <= LIMIT_MAX:
        raise InvalidInput("limit_per_cycle", "range")

    def work(unit: Unit) -> Answer:
        was = registers.good(unit, sku)
        if was is None or was.status == "undone":
            raise NotFound("good")
        if was_price is not None and was.price_points != was_price:
            raise Differs(sku=sku)
        new = replace(was, price_points=price_points, limit_per_cycle=limit_per_cycle)
        if new != was:
            _write(unit, request, was, new, reason)
        return {"sku": sku, "price_points": price_points, "limit_per_cycle": limit_per_cycle, "changed": new != was}

    return once(book, request, work)


def _write(unit: Unit, request: Request, was: Good, new: Good, reason: str) -> None:
    if not registers.price_good(unit, was, new.price_points, new.limit_per_cycle):
        raise Differs(sku=new.sku)
    facts = {
        "name": new.name, "unit": new.unit, "category": new.category, "price_points": new.price_points, "cost_fen": new.cost_fen,
        "limit_per_cycle": new.limit_per_cycle,
    }  # fmt: skip
    act = with_note(unit.book, request.act(unit.book, "good_priced", subject=new.sku, facts=facts), reason)
    journal.post(unit, [act])
    keep_note(unit.book, unit, act, reason)
