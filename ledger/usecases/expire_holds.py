"""Let overdue holds expire, a few at a time, so that desks never wait long."""

from __future__ import annotations

from typing import Final

from ledger.domain.act import micros
from ledger.domain.errors import HoldResolved
from ledger.storage import goods, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.lease import Keep, unguarded
from ledger.usecases.request import Request
from ledger.usecases.void_hold import release

CHUNK: Final = 100


def expire_holds(book: Book, request: Request, *, cycle: str = "", keep: Keep = unguarded) -> int:
    """Expire every hold that is overdue now, and all of `cycle` when its redemption ends. Returns how many.

    Safe to interrupt and to run twice: each chunk is a unit of its own.
    """
    expired = 0
    while count := book.run(lambda unit: _expire_chunk(unit, request, cycle, keep)):
        expired += count
    return expired


def _expire_chunk(unit: Unit, request: Request, cycle: str, keep: Keep) -> int:
    keep(unit)
    due = unit.rows(goods.OPEN_HOLDS, now=micros(request.now), cycle=cycle, most=CHUNK)
    unit.rows(people.LOCK_MANY, ids=sorted({holder for _id, holder in due}))
    done = 0
    for id, _holder in due:
        hold = goods.hold(unit, id)
        if hold is not None and hold.state == "held":
            try:
                release(unit, request, hold, kind="hold_expired", state="expired")
            except HoldResolved:  # a keeper was first; nothing was written for this one
                continue
            done += 1
    return done
