"""What wallets, debts and shelves hold on the way: as they should, and beside that as the postings have it.

The second is needed where an earlier entry was wrong: what followed it was done with what was really there. And entries that
ran side by side may be recorded in another order than they were done (RELIABILITY I13): an entry that drew from other lots
than it should is only then wrong when no order of those recorded within five minutes of it explains it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from ledger.audit.inquiry import TOLERANCE
from ledger.audit.recount.told import Net
from ledger.audit.report import Finding

WALLET: Final = "wallet/"
DEBT: Final = "debt/"
SHELF: Final = "shelf/"

MOVES_TRIED: Final = 4
"""How many entries before a doubtful one, and as many after it, are tried in another order, the nearest first: every choice of them."""

Balances = Mapping[str, int]
"""Amounts by account path."""

Reckon = Callable[[Balances], Balances | None]
"""What an entry should take from or bring to accounts that hold so much; None when that cannot be."""

Late = tuple[int, Finding]
"""A finding and the place of its act in the walk, by which findings are put in order."""


def group_of(path: str, commodity: str) -> str:
    """Accounts that are drawn from together: a holder's lots, a station's receipts of one good; empty for all others."""
    if path.startswith(WALLET):
        return path[: path.index("/", len(WALLET))] if path.count("/") > 1 else path
    if path.startswith(SHELF):
        return f"{path[: path.rindex('/')]}/{commodity}"
    return path if path.startswith(DEBT) else ""


@dataclass(slots=True)
class Doubt:
    """A draw that fits neither what should have been there nor what was, seen from the order of recording.

    was: what was there before it. before: entries recorded within five minutes before it, that may have been done after it, the
    nearest first. after: entries recorded later, that may have been done before it. findings: what to tell when nothing explains
    it; shared by all draws of one entry.
    """

    at: int
    was: Balances
    told: Balances
    reckon: Reckon
    before: Sequence[Balances]
    after: list[Balances] = field(default_factory=list)
    findings: list[Late] = field(default_factory=list)
    explained: bool = False

    def explain(self) -> bool:
        """Whether some order of it and those before it explains the draw."""
        return self._try([_opposite(each) for each in self.before[:MOVES_TRIED]], [])

    def explain_by(self, change: Balances) -> bool:
        """Whether an entry recorded after it explains the draw, when it was done before it."""
        if len(self.after) == MOVES_TRIED:
            return False
        others = [*(_opposite(each) for each in self.before[:MOVES_TRIED]), *self.after]
        self.after.append(change)
        return self._try(others, [change])

    def _try(self, moves: list[Balances], always: list[Balances]) -> bool:
        for count in range(len(moves) + 1):
            for chosen in combinations(moves, count):
                if self.reckon(total([self.was, *always, *chosen])) == self.told:
                    self.explained = True
                    return True
        return False


class Holdings:
    """Balances by group of accounts. `unsure`: the doubtful draws of the act at hand."""

    def __init__(self) -> None:
        self.unsure: list[Doubt] = []
        self._due: dict[str, dict[str, int]] = {}
        self._drift: dict[str, dict[str, int]] = {}
        self._recent: dict[str, deque[tuple[int, dict[str, int]]]] = {}
        self._open: dict[str, list[Doubt]] = {}
        self._doubts: list[Doubt] = []

    def due(self, group: str) -> Balances:
        """What the accounts of a group should hold now."""
        return self._due.get(group, {})

    def choose(self, at: int, group: str, told: Balances, reckon: Reckon) -> Balances | None:
        """What an act should take from or bring to a group; what it did take where something explains it.

        told: what it did take. When an earlier entry of the group was wrong and this one fits what was really there, the group
        goes on from what was really there.
        """
        expected = reckon(self.due(group))
        if expected == told:
            return expected
        real = self._real(group)
        if group in self._drift and reckon(real) == told:
            self._adopt(group)
            return told
        doubt = Doubt(at, real, told, reckon, [change for _, change in reversed(self._near(group, at))])
        if doubt.explain():
            self._adopt(group)
            return told
        self._open.setdefault(group, []).append(doubt)
        self.unsure.append(doubt)
        return expected

    def apply(self, at: int, due: Net, told: Net) -> None:
        """Go on by what should have been, and remember by how much the postings differ."""
        for (path, commodity), amount in due.items():
            if group := group_of(path, commodity):
                _add(self._due, group, path, amount)
        changes: dict[str, dict[str, int]] = {}
        for path, commodity in due.keys() | told.keys():
            if group := group_of(path, commodity):
                amount = told.get((path, commodity), 0)
                _add(self._drift, group, path, amount - due.get((path, commodity), 0))
                changes.setdefault(group, {})[path] = amount
        for group, change in changes.items():
            self._remember(at, group, change)

    def doubted(self, findings: Iterable[Late]) -> None:
        """Keep the findings of the act at hand until its doubtful draws are explained, or the walk ends."""
        shared = list(findings)
        for doubt in self.unsure:
            doubt.findings = shared
        self._doubts += self.unsure
        self.unsure = []

    def standing(self) -> list[Late]:
        """Findings of entries with a draw that nothing explained, each once."""
        told = {id(doubt.findings): doubt.findings for doubt in self._doubts if not doubt.explained}
        return [finding for findings in told.values() for finding in findings]

    def wallets_left(self) -> dict[str, int]:
        """Lots that should still hold points, by path."""
        return {path: left for group, lots in self._due.items() if group.startswith(WALLET) for path, left in lots.items() if left > 0}

    def _remember(self, at: int, group: str, change: dict[str, int]) -> None:
        """Keep the change for acts recorded soon after, and see whether it explains a doubt before it."""
        recent = self._recent.setdefault(group, deque())
        recent.append((at, change))
        while recent and at - recent[0][0] > TOLERANCE:
            recent.popleft()
        if group not in self._open:
            return
        mine = self.unsure
        for doubt in [doubt for doubt in self._open[group] if not any(doubt is own for own in mine)]:
            if at - doubt.at > TOLERANCE or doubt.explain_by(change):
                self._open[group].remove(doubt)
                if doubt.explained:
                    self._adopt(group)
        if not self._open[group]:
            del self._open[group]

    def _near(self, group: str, at: int) -> list[tuple[int, dict[str, int]]]:
        return [each for each in self._recent.get(group, ()) if at - each[0] <= TOLERANCE]

    def _adopt(self, group: str) -> None:
        """Go on from what was really there."""
        self._due[group] = self._real(group)
        self._drift.pop(group, None)

    def _real(self, group: str) -> dict[str, int]:
        return total([self.due(group), self._drift.get(group, {})])


def total(amounts: Iterable[Balances]) -> dict[str, int]:
    """Sums by path, zero sums left out."""
    sums: dict[str, int] = {}
    for each in amounts:
        for path, amount in each.items():
            sums[path] = sums.get(path, 0) + amount
    return {path: amount for path, amount in sums.items() if amount}


def _add(groups: dict[str, dict[str, int]], group: str, path: str, amount: int) -> None:
    balances = groups.setdefault(group, {})
    left = balances.get(path, 0) + amount
    if left:
        balances[path] = left
    else:
        balances.pop(path, None)
        if not balances:
            del groups[group]


def _opposite(amounts: Balances) -> dict[str, int]:
    return {path: -amount for path, amount in amounts.items()}
