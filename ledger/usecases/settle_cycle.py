"""Settle: when the notice has ended, pending points of each line become spendable, debts first; a few hundred at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ledger.domain import account
from ledger.domain.account import lot_of
from ledger.domain.act import Act
from ledger.domain.cycle import Cycle, local_date
from ledger.domain.entry import Posting, move
from ledger.domain.lot import CarryOver, expiry_of
from ledger.storage import cycles, goods, journal, people
from ledger.storage.unit_of_work import Book, Row, Unit
from ledger.usecases.lease import Keep, unguarded
from ledger.usecases.request import Request

CHUNK: Final = 200
Progress = Callable[[int], None]


def settle_cycle(
    book: Book, request: Request, cycle: Cycle, carry_over: CarryOver, progress: Progress | None = None, *, keep: Keep = unguarded
) -> int:
    """Settle every noticed line without a standing objection. Returns how many this call settled.

    Each chunk is a unit of its own, so redemptions go on in between, and an interrupted settlement resumes where it was.
    keep: called first in each chunk; what it raises ends the settlement there.
    """
    settled = 0
    while count := book.run(lambda unit: _settle_chunk(unit, request, cycle, carry_over, keep)):
        settled += count
        if progress:
            progress(settled)
    return settled


def _settle_chunk(unit: Unit, request: Request, cycle: Cycle, carry_over: CarryOver, keep: Keep) -> int:
    keep(unit)
    lines = cycles.due_lines(unit, cycle.name, CHUNK)
    if not lines:
        return 0
    holders = sorted({row[2] for row in lines})
    unit.rows(people.LOCK_MANY, ids=holders)
    debts = {holder: -goods.balance(unit, account.debt(holder).path) for holder in holders}
    expires_at = expiry_of(carry_over, cycle, local_date(request.now, unit.book.settings.zone), unit.book.settings.zone)
    acts, expiries = [], {}
    for row in lines:
        act, wallet = _settle_line(unit, request, cycle, row, debts)
        acts.append(act)
        expiries[wallet] = expires_at
    journal.post(unit, acts, expiries=expiries)
    cycles.set_lines(unit, cycle.name, [row[0] for row in lines], "settled")
    return len(lines)


def _settle_line(unit: Unit, request: Request, cycle: Cycle, row: Row, debts: dict[str, int]) -> tuple[Act, account.Account]:
    _line, earned_act, holder, pending_path, amount = row
    lot = lot_of(pending_path)
    pending, wallet = account.pending(holder, lot), account.wallet(holder, lot)
    owed = min(amount, max(0, debts[holder]))
    debts[holder] -= owed
    legs: list[Posting] = []
    if owed:
        legs += move(pending, account.debt(holder), owed)
    if amount > owed:
        legs += move(pending, wallet, amount - owed)
    act = request.act(
        unit.book, "points_settled", subject=holder, cycle=cycle.name, resolves=earned_act, facts={"lot": lot}, postings=tuple(legs)
    )
    return act, wallet
