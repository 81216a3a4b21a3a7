"""The counter once more: price at the time × pieces, points from the lots that lapse first, goods from the oldest receipts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ledger.audit.recount.ground import Ground, Part
from ledger.audit.recount.holdings import SHELF, group_of
from ledger.audit.recount.told import CannotReckon, Due, Net, Told, net_of, opposite
from ledger.domain import account
from ledger.domain.account import PTS, lot_of
from ledger.domain.entry import Posting, move

HELD: Final = "held/"


class Counter(Part):
    kinds = frozenset({"hold_placed", "handed_over", "hold_voided", "hold_expired", "hand_over_reversed"})

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._items: dict[str, list[dict[str, Any]]] = {}

    def due(self, act: Told) -> Due:
        if act.at.kind == "hold_placed":
            return self._held(act)
        if act.at.kind == "handed_over":
            return self._collected(act) if act.at.resolves else self._walked_up(act)
        original = self.ground.original(act.at.reverses if act.at.kind == "hand_over_reversed" else act.at.resolves)
        header = {"subject": original.at.subject, "cycle": original.at.cycle}
        return self.ground.following(act, original, lambda sums: Due(opposite(sums), header=header))

    def hear(self, act: Told, original: Told) -> None:
        """A hold that is resolved is not asked for again."""
        if act.at.resolves == original.at.id:
            self._items.pop(original.at.id, None)

    def _held(self, act: Told) -> Due:
        items = self._priced(act)
        if items != act.fact("items"):
            self._items[act.at.id] = items  # what collecting it must say
        drawn = self.ground.draw(act, act.at.subject, _points(items))
        sums: Net = dict(drawn)
        for (path, _), amount in drawn.items():
            sums[account.held_points(act.at.id, lot_of(path)).path, PTS] = -amount
        for (path, sku), amount in self._picked(act, items).items():
            sums[path, sku] = amount
            sums[account.held_goods(act.at.id, lot_of(path), sku).path, sku] = -amount
        return Due(sums, {"items": items})

    def _walked_up(self, act: Told) -> Due:
        items, session = self._priced(act), act.at.session
        legs: list[Posting] = []
        drawn = self.ground.draw(act, act.at.subject, _points(items))
        for (path, _), amount in drawn.items():
            lot = lot_of(path)
            legs += move(account.wallet(act.at.subject, lot), account.redeemed(session, _pool(lot)), -amount)
        for (path, sku), amount in self._picked(act, items).items():
            receipt = lot_of(path)
            legs += move(account.shelf(act.at.station, receipt, sku), account.handed(session, sku), -amount)
            legs += self._cost(act.at.station, session, receipt, -amount)
        return Due(net_of(legs), {"items": items})

    def _collected(self, act: Told) -> Due:
        """What the hold kept goes over the counter, at the prices it was placed at."""
        hold = self.ground.original(act.at.resolves)
        told, items = act.fact("items"), self._items.get(hold.at.id)
        if items is None or told == hold.facts.get("items"):
            items = hold.facts.get("items")
        header = {"subject": hold.at.subject, "cycle": hold.at.cycle, "station": hold.at.station, "session": hold.at.session}
        return self.ground.following(act, hold, lambda sums: Due(self._released(hold, sums), {"items": items}, header))

    def _released(self, hold: Told, sums: Net) -> Net:
        session, legs = hold.at.session, list[Posting]()
        for (path, commodity), amount in sums.items():
            if amount < 0 or not path.startswith(HELD):
                continue
            source = account.Account(path, commodity)
            if commodity == PTS:
                legs += move(source, account.redeemed(session, _pool(lot_of(path))), amount)
            else:
                legs += move(source, account.handed(session, commodity), amount)
                legs += self._cost(hold.at.station, session, lot_of(path), amount)
        return net_of(legs)

    def _priced(self, act: Told) -> list[dict[str, Any]]:
        """The items with the price that was in force; a change within five minutes may have been seen or not."""
        priced = []
        for item in act.fact("items"):
            prices = self.ground.published.prices(item["sku"], act.at.recorded_at)
            price = item.get("price_points") if item.get("price_points") in prices else prices[0]
            priced.append({"sku": item["sku"], "quantity": item["quantity"], "price_points": price})
        return priced

    def _picked(self, act: Told, items: list[dict[str, Any]]) -> Net:
        """Pieces that leave the station's shelf, first in first out."""
        picked: Net = {}
        for item in items:
            sku, pieces = item["sku"], item["quantity"]
            group = f"{SHELF}{act.at.station}/{sku}"
            told = {path: n for (path, commodity), n in act.net.items() if group_of(path, commodity) == group}
            taken = self.ground.holdings.choose(act.at.recorded_at, group, told, partial(self._first_in, pieces=pieces))
            if taken is None:
                self.ground.lacking(act, f"{act.at.station} 货架上的 {sku} 不够", group, pieces)
                taken = told
            picked |= {(path, sku): amount for path, amount in taken.items()}
        return picked

    def _first_in(self, balances: Mapping[str, int], pieces: int) -> dict[str, int] | None:
        taken: dict[str, int] = {}
        receipts = self.ground.published.receipts
        for path in sorted(balances, key=lambda path: receipts[lot_of(path)].order if lot_of(path) in receipts else (0, lot_of(path))):
            amount = min(max(0, balances[path]), pieces)
            if amount:
                taken[path] = -amount
                pieces -= amount
        return None if pieces else taken

    def _cost(self, station: str, session: str, receipt: str, pieces: int) -> list[Posting]:
        """Raises CannotReckon for a receipt that was never received."""
        known = self.ground.published.receipts.get(receipt)
        if known is None:
            raise CannotReckon(f"找不到入库单 {receipt} 的入库凭证", field="amount", expected=receipt, found=None)
        fen = pieces * known.unit_cost_fen
        return list(move(account.worth(station, receipt), account.spent(session, known.source), fen)) if fen else []


def _points(items: list[dict[str, Any]]) -> int:
    return sum(item["quantity"] * item["price_points"] for item in items)


def _pool(lot: str) -> str:
    return lot.partition(".")[2]
