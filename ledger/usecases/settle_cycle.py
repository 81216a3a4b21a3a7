"""Settle: when the notice has ended, pending points of each line become spendable, debts first; a few hundred at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ledger.domain import account
from ledger.domain.account import lot_of
from ledger.domain.act import Act
from ledger.domain.cycle import Cycle, local_date, name_of
from ledger.domain.entry import Posting, move
from ledger.domain.lot import CarryOver, lot_name
from ledger.storage import cycles, goods, journal, people
from ledger.storage.unit_of_work import Book, Row, Unit
from ledger.usecases.lease import Keep, unguarded
from ledger.usecases.open_cycle import booking_cycle, lapses_at
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
    expires_at = lapses_at(unit.book, carry_over, cycle, request.now)
    booked_in = booking_cycle(unit, request, cycle.name)
    wallets = _wallets(unit, request, lines)
    acts, expiries = [], {}
    for row, wallet in zip(lines, wallets, strict=True):
        act = _settle_line(unit, request, booked_in, row, wallet, debts)
        acts.append(act)
        expiries[wallet] = expires_at
    journal.post(unit, acts, expiries=expiries)
    cycles.set_lines(unit, cycle.name, [row[0] for row in lines], "settled")
    return len(lines)


def _wallets(unit: Unit, request: Request, lines: list[Row]) -> list[account.Account]:
    """Where each line's points go: the wallet's lot of the same name, or, when that one is over, that of the present quarter.

    Points settled late (an objection refused in the new year) would otherwise lapse the moment they become spendable.
    """
    lots = [(row[2], lot_of(row[3])) for row in lines]
    over = goods.lots_over(unit, [account.wallet(*each).path for each in lots], request.now)
    today = name_of(local_date(request.now, unit.book.settings.zone))
    found = []
    for holder, lot in lots:
        wallet = account.wallet(holder, lot)
        found.append(account.wallet(holder, lot_name(today, lot.partition(".")[2])) if wallet.path in over else wallet)
    return found


def _settle_line(unit: Unit, request: Request, booked_in: str, row: Row, wallet: account.Account, debts: dict[str, int]) -> Act:
    _line, earned_act, holder, pending_path, amount = row
    pending = account.pending(holder, lot_of(pending_path))
    owed = min(amount, max(0, debts[holder]))
    debts[holder] -= owed
    legs: list[Posting] = []
    if owed:
        legs += move(pending, account.debt(holder), owed)
    if amount > owed:
        legs += move(pending, wallet, amount - owed)
    return request.act(
        unit.book, "points_settled", subject=holder, cycle=booked_in, resolves=earned_act, facts={"lot": lot_of(wallet.path)},
        postings=tuple(legs),
    )  # fmt: skip
