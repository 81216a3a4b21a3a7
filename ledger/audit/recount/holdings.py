"""What wallets, debts and shelves hold on the way: as they should, and beside that as the postings have it.

The second is needed where an earlier entry was wrong: what followed it was done with what was really there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.audit.inquiry import TOLERANCE
from ledger.audit.recount.told import Net
from ledger.audit.report import Finding

WALLET: Final = "wallet/"
DEBT: Final = "debt/"
SHELF: Final = "shelf/"

Balances = Mapping[str, int]
"""Amounts by account path."""


def group_of(path: str, commodity: str) -> str:
    """Accounts that are drawn from together: a holder's lots, a station's receipts of one good; empty for all others."""
    if path.startswith(WALLET):
        return path[: path.index("/", len(WALLET))] if path.count("/") > 1 else path
    if path.startswith(SHELF):
        return f"{path[: path.rindex('/')]}/{commodity}"
    return path if path.startswith(DEBT) else ""


class Holdings:
    """Balances by group of accounts.

    followed: of the entry at hand, by how much it differs from what should have been where it followed what was really there.
    """

    def __init__(self) -> None:
        self._due: dict[str, dict[str, int]] = {}
        self._drift: dict[str, dict[str, int]] = {}
        self.followed: list[dict[str, int]] = []

    def due(self, group: str) -> Balances:
        """What the accounts of a group should hold now."""
        return self._due.get(group, {})

    def choose(self, group: str, told: Balances, reckon: Callable[[Balances], Balances | None]) -> Balances | None:
        """What an act should take from or bring to a group.

        told: what it did take. reckon: what it should, given balances; None when that cannot be. When an earlier entry of
        the group was wrong and this one fits what was really there, the group goes on from what was really there.
        """
        expected = reckon(self.due(group))
        if expected == told or group not in self._drift:
            return expected
        if reckon(self._real(group)) != told:
            return expected
        if expected is not None:
            self.followed.append(_sum([told, _opposite(expected)]))
        self._due[group] = self._real(group)
        del self._drift[group]
        return told

    def apply(self, due: Net, told: Net) -> None:
        """Go on by what should have been, and remember by how much the postings differ."""
        for (path, commodity), amount in due.items():
            if group := group_of(path, commodity):
                _add(self._due, group, path, amount)
        if due == told:
            return
        for path, commodity in due.keys() | told.keys():
            if group := group_of(path, commodity):
                _add(self._drift, group, path, told.get((path, commodity), 0) - due.get((path, commodity), 0))

    def _real(self, group: str) -> dict[str, int]:
        balances = dict(self.due(group))
        for path, amount in self._drift[group].items():
            balances[path] = balances.get(path, 0) + amount
        return {path: amount for path, amount in balances.items() if amount}

    def wallets_left(self) -> dict[str, int]:
        """Lots that should still hold points, by path."""
        return {path: left for group, lots in self._due.items() if group.startswith(WALLET) for path, left in lots.items() if left > 0}


def _add(groups: dict[str, dict[str, int]], group: str, path: str, amount: int) -> None:
    balances = groups.setdefault(group, {})
    left = balances.get(path, 0) + amount
    if left:
        balances[path] = left
    else:
        balances.pop(path, None)
        if not balances:
            del groups[group]


@dataclass(frozen=True, slots=True)
class Doubt:
    """An act that drew the right amount from other lots or receipts than it should: maybe only the order was another."""

    at: int
    off: Mapping[str, int]
    findings: list[tuple[int, Finding]] = field(default_factory=list)


class Doubts:
    """Doubts that may still cancel out.

    Acts that ran side by side may be recorded in another order than they were done (RELIABILITY I13). Then each of them
    drew what the other should have, and together they are right.
    """

    def __init__(self) -> None:
        self._open: dict[str, list[Doubt]] = {}

    def cancels(self, doubt: Doubt) -> bool:
        """Whether the doubt and those before it within five minutes add up to nothing; otherwise it stays open."""
        if self.settles(doubt.at, doubt.off):
            return True
        for path in doubt.off:
            self._open.setdefault(path, []).append(doubt)
        return False

    def settles(self, at: int, off: Mapping[str, int]) -> bool:
        """Whether one open doubt, or all of them together, add up to nothing with this; they are then dropped."""
        near = self._near(at, off)
        for group in (*([doubt] for doubt in near), near):
            if group and not _sum([off, *(doubt.off for doubt in group)]):
                self._drop(group)
                return True
        return False

    def standing(self) -> list[tuple[int, Finding]]:
        """Findings of all doubts that nothing has cancelled, each once."""
        doubts = {id(doubt): doubt for group in self._open.values() for doubt in group}
        return [finding for doubt in doubts.values() for finding in doubt.findings]

    def _near(self, at: int, off: Mapping[str, int]) -> list[Doubt]:
        found = {id(doubt): doubt for path in off for doubt in self._open.get(path, ()) if abs(at - doubt.at) <= TOLERANCE}
        return list(found.values())

    def _drop(self, doubts: list[Doubt]) -> None:
        for doubt in doubts:
            for path in doubt.off:
                self._open[path] = [other for other in self._open[path] if other is not doubt]


def _opposite(amounts: Balances) -> dict[str, int]:
    return {path: -amount for path, amount in amounts.items()}


def _sum(amounts: Iterable[Balances]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for each in amounts:
        for path, amount in each.items():
            totals[path] = totals.get(path, 0) + amount
    return {path: amount for path, amount in totals.items() if amount}
