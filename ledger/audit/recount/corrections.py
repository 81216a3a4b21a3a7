"""Corrections once more: exact opposites, what is owed when an undone import was spent already, and what pays it later."""

from __future__ import annotations

from functools import partial

from ledger.audit.recount.ground import Ground, Part
from ledger.audit.recount.holdings import DEBT, WALLET, Balances, Late
from ledger.audit.recount.told import Due, Net, Told, named, net_of, opposite
from ledger.audit.report import Finding
from ledger.domain import account
from ledger.domain.account import PTS, holder_of
from ledger.domain.entry import Posting, move

RETURNS = frozenset({"hold_voided", "hold_expired", "hand_over_reversed", "reversed"})
"""Kinds that bring points back, of which a debt is paid first."""


class Corrections(Part):
    kinds = frozenset({"reversed", "debt_booked", "debt_paid"})

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._booked: dict[str, tuple[Told, int, int]] = {}
        self._returned: dict[str, tuple[int, list[tuple[str, int]]]] = {}
        self._unpaid: dict[str, tuple[Told, int]] = {}
        self._off: list[Late] = []

    def due(self, act: Told) -> Due:
        if act.at.kind == "debt_booked":
            return self._owed(act)
        if act.at.kind == "debt_paid":
            return self._paid(act)
        original = self.ground.original(act.at.reverses)
        cycles = (original.at.cycle, self.ground.quarter_booked(act, original))
        header = {"subject": original.at.subject, "cycle": act.at.cycle if act.at.cycle in cycles else cycles[0]}
        due = self.ground.following(act, original, lambda sums: Due(opposite(sums), header=header))
        if act.at.batch:
            self._check_debts(act, due.net)
        return due

    def hear(self, act: Told, _original: Told) -> None:
        """Remember what came back at one moment, in the order in which it came."""
        back = [(path, amount) for path, _, amount in act.legs if amount > 0 and path.startswith(WALLET)]
        if act.at.kind in RETURNS and back:
            at, legs = self._returned.get(act.at.subject, (0, []))
            self._returned[act.at.subject] = (act.at.recorded_at, [*(legs if at == act.at.recorded_at else []), *back])
            if not act.at.batch and self._debt(act.at.subject):
                self._unpaid.setdefault(act.at.subject, (act, self.ground.place))

    def finish(self) -> list[Late]:
        """Debts that were reckoned wrong, and points that came back to somebody who owes and paid nothing."""
        for holder, (act, place) in self._unpaid.items():
            if act.at.cycle == self.ground.target:
                message = f"{named(act)}退回的积分没有先抵 {holder} 的欠分"
                finding = Finding(message=message, expected="debt_paid", found=None, entry=act.at.id, account=f"{DEBT}{holder}")
                self._off.append((place, finding))
        return self._off

    def _owed(self, act: Told) -> Due:
        """What a lot lacks of what is to be taken from it; the act that takes it comes next and says how much it must be."""
        wallet = next((path for (path, _), amount in act.net.items() if path.startswith(WALLET) and amount > 0), "")
        holder = holder_of(wallet) or act.at.subject
        steps = act.net.get((wallet, PTS), 0)
        if wallet:
            self._booked[wallet] = (act, steps, self.ground.place)
        legs: list[Posting] = []
        if steps > 0:
            legs += move(account.debt(holder), account.Account(wallet, PTS), steps)
        return Due(net_of(legs), header={"subject": holder})

    def _check_debts(self, act: Told, sums: Net) -> None:
        """A lot from which a correction takes more than it holds: exactly the rest is owed."""
        for (path, _), amount in sums.items():
            if amount >= 0 or not path.startswith(WALLET):
                continue
            booked, steps, place = self._booked.pop(path, (act, 0, self.ground.place))
            reckon = partial(_short, path=path, taken=-amount, booked=steps)
            chosen = self.ground.holdings.choose(act.at.recorded_at, path.rpartition("/")[0], {path: steps} if steps else {}, reckon)
            due = (chosen or {}).get(path, 0)
            if due != steps and self.ground.target in (act.at.cycle, booked.at.cycle):
                numbers = [self.ground.number(value) for value in (due, steps)]
                message = f"{named(booked)}应从 {path} 记欠 {numbers[0]} 分，现记 {numbers[1]} 分"
                finding = Finding(
                    message=message, expected=numbers[0], found=numbers[1], entry=booked.at.id, account=f"{DEBT}{holder_of(path)}",
                    field="amount",
                )  # fmt: skip
                self.ground.aside.append((place, finding))
            if due != steps:
                self._set_right(act, path, due - steps)

    def _set_right(self, act: Told, path: str, steps: int) -> None:
        """Go on by the debt that should have been booked."""
        self.ground.holdings.apply(act.at.recorded_at, {(path, PTS): steps, (f"{DEBT}{holder_of(path)}", PTS): -steps}, {})

    def _debt(self, holder: str) -> int:
        return max(0, -self.ground.holdings.due(f"{DEBT}{holder}").get(f"{DEBT}{holder}", 0))

    def _paid(self, act: Told) -> Due:
        """Points that came back pay what is owed, leg by leg."""
        holder = act.at.subject
        self._unpaid.pop(holder, None)
        at, back = self._returned.pop(holder, (0, []))
        mine = back if at == act.at.recorded_at else []
        owed = self.ground.pay(act, holder, sum(amount for _, amount in mine))
        legs: list[Posting] = []
        for path, amount in mine:
            paid = min(owed, amount)
            if paid:
                legs += move(account.Account(path, PTS), account.debt(holder), paid)
                owed -= paid
        return Due(net_of(legs))


def _short(balances: Balances, *, path: str, taken: int, booked: int) -> dict[str, int]:
    """What a lot lacks of what is taken from it; `booked` of it is there already because it was booked as owed."""
    short = max(0, taken - (balances.get(path, 0) - booked))
    return {path: short} if short else {}
