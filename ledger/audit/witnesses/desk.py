"""The desk: holds, hand-overs, prices, costs, used passes and what each person may still take."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ledger.audit.inquiry import MINUTE, TOLERANCE, Follower, Inquiry, Seen, Witness, by, followers, grouped, moment
from ledger.audit.rebuild import HOLD_STATES
from ledger.domain.account import CNY, PTS, lot_of
from ledger.storage import evidence

LISTED_MAX: Final = 200
OVERDUE_AFTER: Final = 24 * 60 * MINUTE


class Holds(Witness):
    """A hold's state, points and lines are what the acts that placed and resolved it say."""

    checks = ("holds_match_acts", "holds_in_time")
    kinds = frozenset({"hold_placed"})

    def see(self, acts: Sequence[Seen]) -> None:
        if doubtful := self._doubtful(acts):
            self._compare(doubtful)

    def _doubtful(self, acts: Sequence[Seen]) -> list[Seen]:
        """Holds whose rows do not at once say what their acts say."""
        unit, ids = self.inquiry.unit, [act.at.id for act in acts]
        rows: dict[str, Any] = {row[0]: row for row in unit.rows(evidence.HOLD_ROWS, ids=ids)}
        lines = lines_of(unit.rows(evidence.HOLD_LINE_ROWS, ids=ids))
        return [act for act in acts if not self._is_told(act, rows.get(act.at.id), lines.get(act.at.id, []))]

    def _is_told(self, act: Seen, row: Sequence[Any] | None, lines: list[tuple[Any, ...]]) -> bool:
        if row is None:
            return False
        at, (points, goods), expires_at = act.at, act.moved("held"), act.facts.get("expires_at")
        *mine, state, resolved_by, resolved_at, kind, resolver, resolver_at = row
        if mine != [at.id, at.subject, at.station, at.session, at.cycle, points, at.recorded_at, expires_at]:
            return False
        if (state, resolved_by, resolved_at) != (HOLD_STATES.get(kind, "held"), resolver, resolver_at):
            return False
        in_time = kind or self.inquiry.now is None or (type(expires_at) is int and expires_at >= self.inquiry.now - OVERDUE_AFTER)
        return bool(in_time) and items_fit(act.items, lines, points, goods)

    def _compare(self, acts: Sequence[Seen]) -> None:
        unit, ids = self.inquiry.unit, [act.at.id for act in acts]
        rows, lines = by(evidence.rows_by(unit, "hold", "id", ids), "id"), grouped(evidence.rows_by(unit, "hold_line", "hold", ids), "hold")
        resolvers = followers(unit.rows(evidence.RESOLVERS, ids=ids))
        for act in acts:
            row, resolver = rows.get(act.at.id), resolvers.get(act.at.id)
            if row is None:
                self.inquiry.missing("holds_match_acts", table="hold", name=act.at.id, entry=act.at.id)
                continue
            points, goods = act.moved("held")
            told = _hold_as_told(act, points, resolver)
            self.inquiry.compare("holds_match_acts", told, row, table="hold", name=act.at.id, entry=act.at.id)
            compare_items(self.inquiry, "holds_match_acts", act, "hold_line", lines.get(act.at.id, []))
            self._check_time(act, resolver)
            check_moved(self.inquiry, "holds_match_acts", act, points, goods)

    def finish(self) -> None:
        for (id,) in self.inquiry.unit.rows(evidence.HOLDS_UNEXPLAINED):
            self.inquiry.unexplained("holds_match_acts", table="hold", name=id)

    def _check_time(self, act: Seen, resolver: Follower | None) -> None:
        until, now = act.facts.get("expires_at"), self.inquiry.now
        if resolver is None and now is not None and type(until) is int and until < now - OVERDUE_AFTER:
            self.inquiry.note(
                "holds_in_time", f"预留 {act.at.id} 应在 {moment(until)} 前领取，至今既未领取也未撤销", expected="已结清", found="held",
                entry=act.at.id, table="hold", field="state",
            )  # fmt: skip


class Redemptions(Witness):
    """A hand-over's record is what its act says; it takes price × quantity, and each piece leaves with its cost."""

    checks = ("redemptions_match_acts", "prices_kept", "costs_kept", "passes_used_once")
    kinds = frozenset({"good_priced", "stock_received", "hold_placed", "handed_over"})

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._prices: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
        self._unit_costs: dict[str, Any] = {}

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            if act.at.kind == "good_priced":
                self._prices[act.at.subject].append((act.at.recorded_at, act.facts.get("price_points")))
            elif act.at.kind == "stock_received":
                self._unit_costs[act.facts.get("receipt", "")] = act.facts.get("unit_cost_fen")
        for act in acts:
            if act.at.kind == "hold_placed" or (act.at.kind == "handed_over" and not act.at.resolves):
                self._check_prices(act)
        handed = [act for act in acts if act.at.kind == "handed_over"]
        if handed and (doubtful := self._doubtful(handed)):
            self._compare(doubtful)

    def finish(self) -> None:
        for (id,) in self.inquiry.unit.rows(evidence.REDEMPTIONS_UNEXPLAINED):
            self.inquiry.unexplained("redemptions_match_acts", table="redemption", name=id)
        for nonce, act in self.inquiry.unit.rows(evidence.PASSES_UNEXPLAINED):
            self.inquiry.note(
                "passes_used_once", f"通行码 {nonce} 记为已用，所指凭证 {act} 不存在", expected=act, found=None, entry=act,
                table="pass_use", field="act",
            )  # fmt: skip

    def _doubtful(self, acts: list[Seen]) -> list[Seen]:
        """Hand-overs whose rows do not at once say what their acts say."""
        unit, ids = self.inquiry.unit, [act.at.id for act in acts]
        rows: dict[str, Any] = {row[0]: row for row in unit.rows(evidence.REDEMPTION_ROWS, ids=ids)}
        lines = lines_of(unit.rows(evidence.REDEMPTION_LINE_ROWS, ids=ids))
        nonces = [nonce for act in acts if (nonce := act.facts.get("pass"))]
        passes: dict[str, Sequence[Any]] = {row[0]: row[1:] for row in unit.rows(evidence.PASS_ROWS, ids=nonces)} if nonces else {}
        return [act for act in acts if not self._is_told(act, rows.get(act.at.id), lines.get(act.at.id, []), passes)]

    def _is_told(self, act: Seen, row: Sequence[Any] | None, lines: list[tuple[Any, ...]], passes: dict[str, Sequence[Any]]) -> bool:
        if row is None:
            return False
        at, nonce, points, goods = act.at, act.facts.get("pass"), act.moved("redeemed")[0], act.moved("handed")[1]
        *mine, reversed_by, reverser = row
        if mine != [
            at.id, act.facts.get("receipt"), at.resolves or "", at.subject, at.station, at.session, at.desk, at.actor, at.cycle, points,
            at.recorded_at,
        ]:  # fmt: skip
            return False
        if nonce and passes.get(nonce) != (at.id, at.subject, at.recorded_at, at.station):
            return False
        return bool(reversed_by == reverser) and items_fit(act.items, lines, points, goods) and not self._costs(act)

    def _compare(self, acts: list[Seen]) -> None:
        unit, ids = self.inquiry.unit, [act.at.id for act in acts]
        rows = by(evidence.rows_by(unit, "redemption", "id", ids), "id")
        lines = grouped(evidence.rows_by(unit, "redemption_line", "redemption", ids), "redemption")
        reversers = followers(unit.rows(evidence.REVERSERS, ids=ids))
        passes = by(evidence.rows_by(unit, "pass_use", "nonce", [act.facts.get("pass") for act in acts]), "nonce")
        for act in acts:
            row = rows.get(act.at.id)
            if row is None:
                self.inquiry.missing("redemptions_match_acts", table="redemption", name=act.at.id, entry=act.at.id)
                continue
            points, goods = act.moved("redeemed")[0], act.moved("handed")[1]
            told = _redemption_as_told(act, points, reversers.get(act.at.id))
            self.inquiry.compare("redemptions_match_acts", told, row, table="redemption", name=act.at.id, entry=act.at.id)
            compare_items(self.inquiry, "redemptions_match_acts", act, "redemption_line", lines.get(act.at.id, []))
            check_moved(self.inquiry, "redemptions_match_acts", act, points, goods)
            self._check_costs(act)
            self._check_pass(act, passes)

    def _check_prices(self, act: Seen) -> None:
        """At the price in force when it was recorded, or within five minutes of a change."""
        for item in act.items:
            history = self._prices.get(item.get("sku", ""), [])
            at = act.at.recorded_at
            in_force = {price for since, price in history if at - TOLERANCE <= since <= at + TOLERANCE}
            place = bisect_right(history, at - TOLERANCE, key=lambda change: change[0]) - 1
            in_force |= {history[place][1]} if place >= 0 else set()
            asked, prices = item.get("price_points"), sorted(in_force, key=str)
            if asked not in prices:
                self.inquiry.note(
                    "prices_kept", f"凭证 {act.at.id} 中 {item.get('sku')} 按 {asked} 计点，当时价格为 {prices}",
                    expected=prices, found=asked, entry=act.at.id, table="act", field="facts.items",
                )  # fmt: skip

    def _check_costs(self, act: Seen) -> None:
        for receipt, (due, charged) in self._costs(act).items():
            self.inquiry.note(
                "costs_kept", f"凭证 {act.at.id} 从入库单 {receipt} 出库，成本应为 {due} 分，记了 {charged} 分",
                expected=due, found=charged, entry=act.at.id, table="posting", field="amount",
            )  # fmt: skip

    def _costs(self, act: Seen) -> dict[str, tuple[int, int]]:
        """Receipt lots whose pieces left with another cost than their unit cost: what was due, what was charged."""
        due: dict[str, int] = {}
        charged: dict[str, int] = {}
        for _, path, commodity, amount in act.legs:
            if commodity == CNY:
                if path.startswith("worth/"):
                    receipt = lot_of(path)
                    charged[receipt] = charged.get(receipt, 0) - amount
            elif commodity != PTS and path.startswith(("shelf/", "held/")):
                receipt = lot_of(path)
                if cost := self._unit_costs.get(receipt):
                    due[receipt] = due.get(receipt, 0) - amount * cost
        if due == charged:
            return {}
        return {r: (due.get(r, 0), charged.get(r, 0)) for r in due.keys() | charged.keys() if due.get(r, 0) != charged.get(r, 0)}

    def _check_pass(self, act: Seen, passes: dict[str, dict[str, Any]]) -> None:
        nonce = act.facts.get("pass")
        if not nonce:
            return
        if nonce not in passes:
            self.inquiry.note(
                "passes_used_once", f"凭证 {act.at.id} 用掉了通行码 {nonce}，表 pass_use 中却没有它，可能被再次使用",
                expected=nonce, found=None, entry=act.at.id, table="pass_use", field="nonce",
            )  # fmt: skip
            return
        told = {"act": act.at.id, "subject": act.at.subject, "used_at": act.at.recorded_at, "station": act.at.station}
        self.inquiry.compare("passes_used_once", told, passes[nonce], table="pass_use", name=nonce, entry=act.at.id)


class Allowances(Witness):
    """What counts against a limit is what was handed over and not reversed, and what is on hold, person by person."""

    checks = ("allowances_match",)

    def finish(self) -> None:
        unit, after = self.inquiry.unit, ""
        while rows := unit.rows(evidence.HOLDERS, after=after, most=evidence.CHUNK):
            holders = [row[0] for row in rows]
            taken: defaultdict[tuple[str, str, str], int] = defaultdict(int)
            for statement in (evidence.TAKEN_ON_HOLD, evidence.TAKEN_BY_HAND):
                for holder, cycle, sku, quantity in unit.rows(statement, ids=holders):
                    taken[holder, cycle, sku] += quantity
            for row in evidence.rows_by(unit, "allowance", "holder", holders):
                key = (row["holder"], row["cycle"], row["sku"])
                self._compare(key, taken.pop(key, 0), row["taken"])
            for key, quantity in taken.items():
                self._compare(key, quantity, None)
            after = holders[-1]

    def _compare(self, key: tuple[str, str, str], expected: int, found: object) -> None:
        if expected != found:
            self.inquiry.note(
                "allowances_match", f"{key[0]} 在 {key[1]} 已领已留的 {key[2]} 应为 {expected} 件，表中为 {found}",
                expected=expected, found=found, table="allowance", field="taken",
            )  # fmt: skip


def lines_of(rows: Iterable[Sequence[Any]]) -> dict[str, list[tuple[Any, ...]]]:
    """(owner, sku, quantity, price) rows by owner, each list in order of sku."""
    lines: dict[str, list[tuple[Any, ...]]] = {}
    for owner, *line in rows:
        lines.setdefault(owner, []).append(tuple(line))
    return lines


def items_fit(items: list[dict[str, Any]], lines: list[tuple[Any, ...]], points: int, goods: dict[str, int]) -> bool:
    """Whether the lines repeat the items, the points are price × quantity, and the pieces moved are theirs."""
    told: list[Any] = [(item.get("sku"), item.get("quantity"), item.get("price_points")) for item in items]
    if told != lines and sorted(told, key=str) != sorted(lines, key=str):
        return False
    if not all(type(quantity) is int and type(price) is int for _, quantity, price in told):
        return False
    return points == sum(quantity * price for _, quantity, price in told) and goods == {sku: quantity for sku, quantity, _ in told}


def compare_items(inquiry: Inquiry, check: str, act: Seen, table: str, lines: Iterable[dict[str, Any]]) -> None:
    """The lines of a hold or redemption against the items in its act."""
    told = {item.get("sku"): (item.get("quantity"), item.get("price_points")) for item in act.items}
    found = {line["sku"]: (line["quantity"], line["price_points"]) for line in lines}
    if told == found:
        return
    for sku in sorted(told.keys() | found.keys(), key=str):
        if told.get(sku) != found.get(sku):
            inquiry.note(
                check, f"凭证 {act.at.id} 写 {sku}（件数，单价）为 {told.get(sku)}，表 {table} 中为 {found.get(sku)}",
                expected=told.get(sku), found=found.get(sku), entry=act.at.id, table=table, field="quantity",
            )  # fmt: skip


def check_moved(inquiry: Inquiry, check: str, act: Seen, points: int, goods: dict[str, int]) -> None:
    """Points moved are price × quantity of the items, and pieces moved are their quantities."""
    items = [item for item in act.items if type(item.get("quantity")) is int and type(item.get("price_points")) is int]
    due = sum([item["quantity"] * item["price_points"] for item in items])
    if due != points:
        inquiry.note(
            check, f"凭证 {act.at.id} 按件数乘单价应动 {due} 点，分录动了 {points} 点", expected=due, found=points, entry=act.at.id,
            table="posting", field="amount",
        )  # fmt: skip
    pieces: defaultdict[str | None, int] = defaultdict(int)
    for item in items:
        pieces[item.get("sku")] += item["quantity"]
    if pieces == goods:
        return
    for sku in pieces.keys() | goods.keys():
        quantity = pieces[sku]
        if quantity != goods.get(sku or "", 0):
            inquiry.note(
                check, f"凭证 {act.at.id} 应动 {sku} {quantity} 件，分录动了 {goods.get(sku or '', 0)} 件",
                expected=quantity, found=goods.get(sku or "", 0), entry=act.at.id, table="posting", field="amount",
            )  # fmt: skip


def _hold_as_told(act: Seen, points: int, resolver: Follower | None) -> dict[str, Any]:
    told = {
        "holder": act.at.subject, "station": act.at.station, "session": act.at.session, "cycle": act.at.cycle,
        "points": points, "placed_at": act.at.recorded_at, "state": "held", "resolved_by": "", "resolved_at": None,
    }  # fmt: skip
    if "expires_at" in act.facts:
        told["expires_at"] = act.facts["expires_at"]
    if resolver is not None:
        told |= {"state": HOLD_STATES.get(resolver.kind, "held"), "resolved_by": resolver.id, "resolved_at": resolver.recorded_at}
    return told


def _redemption_as_told(act: Seen, points: int, reverser: Follower | None) -> dict[str, Any]:
    told = {
        "hold": act.at.resolves or "", "holder": act.at.subject, "station": act.at.station, "session": act.at.session,
        "desk": act.at.desk, "keeper": act.at.actor, "cycle": act.at.cycle, "points": points,
        "at": act.at.recorded_at, "reversed_by": reverser.id if reverser else "",
    }  # fmt: skip
    return told | ({"receipt": act.facts["receipt"]} if "receipt" in act.facts else {})
