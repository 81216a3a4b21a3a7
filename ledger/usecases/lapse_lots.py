"""Lapse: what is left in a lot when its day is over, a few hundred lots at a time."""

from __future__ import annotations

from typing import Final

from ledger.domain import account
from ledger.domain.account import PTS, Account, holder_of, lot_of
from ledger.domain.act import instant, micros
from ledger.domain.cycle import last_day, name_of
from ledger.domain.entry import move
from ledger.storage import goods, journal, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.lease import Keep, unguarded
from ledger.usecases.request import Request

CHUNK: Final = 200


def lapse_lots(book: Book, request: Request, *, keep: Keep = unguarded) -> int:
    """Lapse every lot whose `expires_at` has passed and that still holds points. Returns how many lots.

    Lots are chosen by what they are (positive, dated, past), never by a label. Twice is harmless; holds that are voided
    later return to their lot and lapse with the next run.
    """
    lapsed = 0
    while count := book.run(lambda unit: _lapse_chunk(unit, request, keep)):
        lapsed += count
    return lapsed


def _lapse_chunk(unit: Unit, request: Request, keep: Keep) -> int:
    keep(unit)
    due = unit.rows(goods.LAPSING, now=micros(request.now), most=CHUNK)
    if not due:
        return 0
    unit.rows(people.LOCK_MANY, ids=sorted({holder_of(row[0]) for row in due}))
    acts = []
    for path, _seen, expires_at in due:
        left = goods.balance(unit, path)
        if left <= 0:
            continue
        cycle = name_of(last_day(instant(expires_at), unit.book.settings.zone))
        acts.append(
            request.act(
                unit.book, "points_lapsed", subject=holder_of(path), cycle=cycle, facts={"lot": lot_of(path), "expires_at": expires_at},
                postings=move(Account(path, PTS), account.lapsed(cycle), left),
            )
        )  # fmt: skip
    journal.post(unit, acts)
    return len(acts)
