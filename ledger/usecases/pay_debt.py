"""What is owed is paid by what comes in: a returned hold, a hand-over taken back, opening points brought again."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.domain import account
from ledger.domain.account import holder_of
from ledger.domain.act import Act
from ledger.domain.entry import Posting, move
from ledger.storage import goods, people
from ledger.storage.unit_of_work import Unit
from ledger.usecases.request import Request


def pay_debt(unit: Unit, request: Request, *, holder: str, cycle: str, returned: Iterable[Posting]) -> list[Act]:
    """The act by which points that came back to the wallet pay what was booked as owed while they were gone; none without debt.

    returned: legs of the acts that brought them back; the holder is locked.
    """
    owed = -goods.balance(unit, account.debt(holder).path)
    legs: list[Posting] = []
    for posting in returned:
        if owed > 0 and posting.amount > 0 and posting.account.family_name == "wallet":
            paid = min(owed, posting.amount)
            legs += move(posting.account, account.debt(holder), paid)
            owed -= paid
    return [request.act(unit.book, "debt_paid", subject=holder, cycle=cycle, postings=tuple(legs))] if legs else []


def debts(unit: Unit) -> dict[str, int]:
    """What every holder owes, in smallest steps, nothing left out and nobody's debt moved until this unit ends."""
    owing = sorted(holder_of(path) for path, balance in unit.rows(goods.BALANCES, low="debt/", high="debt0") if balance < 0)
    if not owing:
        return {}
    unit.rows(people.LOCK_MANY, ids=owing)
    return {holder: owed for holder in owing if (owed := -goods.balance(unit, account.debt(holder).path)) > 0}
