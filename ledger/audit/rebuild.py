"""Balances rebuilt from postings alone, act after act, with the floors that must hold on the way.

Memory follows the accounts that hold something at a moment, not the length of the journal: an account whose sum returns
to zero is forgotten. Accounts are kept by a 64-bit hash of path and commodity; a mismatch is looked up exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ledger.domain.account import FAMILIES
from ledger.storage.evidence import NumberedLeg

FLOORED: Final = tuple(f"{family.name}/" for family in FAMILIES.values() if family.floor is not None)


@dataclass(frozen=True, slots=True)
class Breach:
    """An account below its floor: since which act, and how low it was then."""

    account: str
    commodity: str
    entry: str
    recorded_at: int
    balance: int


class Balances:
    """Running sums per account. `overdrafts` are the paths that may go below zero; `patience` is in microseconds.

    Acts of one unit, and units that ran side by side, may stand in the trail in another order than they were applied, so
    a sum below the floor counts as a breach only when later postings do not lift it again within `patience`.
    """

    def __init__(self, overdrafts: Iterable[str], patience: int) -> None:
        self._sums: dict[int, int] = {}
        self._below: dict[int, Breach] = {}
        self._overdrafts = frozenset(overdrafts)
        self._patience = patience

    def add(self, entry: str, recorded_at: int, legs: Iterable[NumberedLeg]) -> tuple[dict[str, int], list[Breach]]:
        """Apply an act's postings.

        Returns: the act's sum by commodity, and the breaches that it ends too late.
        """
        sums, below = self._sums, self._below
        own: dict[str, int] = {}
        ended: list[Breach] = []
        for _, path, commodity, amount in legs:
            key = hash((path, commodity))
            balance = sums.get(key, 0) + amount
            if commodity in own:
                own[commodity] += amount
            else:
                own[commodity] = amount
            if balance:
                sums[key] = balance
            else:
                sums.pop(key, None)
            if balance < 0:
                if key not in below and path.startswith(FLOORED) and path not in self._overdrafts:
                    below[key] = Breach(path, commodity, entry, recorded_at, balance)
            elif below and key in below:
                breach = below.pop(key)
                if recorded_at - breach.recorded_at > self._patience:
                    ended.append(breach)
        return own, ended

    def standing(self) -> Iterator[Breach]:
        """Breaches that nothing has lifted."""
        yield from self._below.values()

    def take(self, path: str, commodity: str) -> int:
        """The sum of an account, which is then forgotten."""
        return self._sums.pop(hash((path, commodity)), 0)

    @property
    def left(self) -> int:
        """How many accounts with a sum were not taken."""
        return len(self._sums)


HOLD_STATES: Final = {"handed_over": "settled", "hold_voided": "voided", "hold_expired": "expired"}
"""The state in which the kind of act that resolves a hold leaves it."""

LINE_STATES: Final = {"points_settled": ("settled",), "points_voided": ("voided",), "reversed": ("voided",), "": ("noticed", "reviewing")}
"""The states a notice line may have, by the kind of act that resolves its earning."""
