"""Entry and Posting: an act with postings; one that does not sum to zero per commodity cannot be built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.domain.account import Account


@dataclass(frozen=True, slots=True)
class Posting:
    """A signed leg of an entry. Credit raises a wallet (+), debit lowers it (−). `amount` is never zero."""

    account: Account
    amount: int


def move(source: Account, target: Account, amount: int) -> tuple[Posting, Posting]:
    """Two legs that carry `amount` (> 0) of one commodity from source to target."""
    assert amount > 0 and source.commodity == target.commodity, (source, target, amount)
    return Posting(source, -amount), Posting(target, amount)


def check_balanced(postings: Sequence[Posting]) -> None:
    """Programmers' guard: at least two legs, none zero, each commodity sums to zero."""
    assert len(postings) >= 2, "an entry has at least two postings"
    totals: dict[str, int] = defaultdict(int)
    for posting in postings:
        assert posting.amount != 0, posting
        totals[posting.account.commodity] += posting.amount
    assert not any(totals.values()), dict(totals)


def opposite(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """The legs of a correcting entry: the same accounts, every sign turned."""
    return tuple(Posting(p.account, -p.amount) for p in postings)


def net_by_account(postings: Iterable[Posting]) -> dict[Account, int]:
    """Sum per account, zero sums left out, in account order (the order in which rows are locked)."""
    totals: dict[Account, int] = defaultdict(int)
    for posting in postings:
        totals[posting.account] += posting.amount
    return {account: totals[account] for account in sorted(totals) if totals[account]}
