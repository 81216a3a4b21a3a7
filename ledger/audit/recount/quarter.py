"""A quarter's points once more: openings, the notice, settlement with debts first, what an objection voids, what lapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger.audit.inquiry import TOLERANCE
from ledger.audit.recount.ground import Ground, Part
from ledger.audit.recount.holdings import WALLET, Balances, Late
from ledger.audit.recount.told import CannotReckon, Due, Net, Told, named, net_of, opposite
from ledger.audit.report import Finding
from ledger.domain import account
from ledger.domain.account import PTS, holder_of, lot_of
from ledger.domain.act import instant, micros
from ledger.domain.cycle import Cycle, last_day, local_date, name_of, planned
from ledger.domain.entry import Posting, move
from ledger.domain.lot import CarryOver, expiry_of, lot_name

PENDING: Final = "pending/"
NOBODYS: Final = "district"
"""The pool of people whose place in the grid names none."""


@dataclass(frozen=True, slots=True)
class Openings:
    """Of imported openings: digests of the rows that were accepted, by batch and keyed digest of person and date; batch totals.

    digest: makes such a digest from a purpose and a text.
    """

    known: Mapping[tuple[str, bytes], bytes]
    sums: Mapping[str, int]
    digest: Any


class Quarter(Part):
    kinds = frozenset({"points_opened", "notice_published", "points_settled", "points_voided", "points_lapsed"})

    def __init__(self, ground: Ground, openings: Openings) -> None:
        super().__init__(ground)
        self._openings = openings
        self._unresolved: dict[str, tuple[str, Told]] = {}
        self._notice: list[str] = []
        self._objections: dict[str, int] = {}
        self._refused: set[int] = set()
        self._swept_at = 0
        self._came_late: dict[str, int] = {}

    def due(self, act: Told) -> Due:
        if act.at.kind == "points_opened":
            return self._opened(act)
        if act.at.kind == "notice_published":
            return self._published(act)
        if act.at.kind == "points_lapsed":
            return self._lapsed(act)
        original = self.ground.original(act.at.resolves)
        if act.at.kind == "points_voided":
            header = {"subject": original.at.subject, "cycle": self.ground.quarter_booked(act, original)}
            return self.ground.following(act, original, lambda sums: Due(opposite(sums), header=header))
        return self.ground.following(act, original, lambda sums: self._settled(act, original, sums))

    def earned(self, act: Told, due: Due) -> None:
        """Take in that an attendance of the target quarter earned: its points wait for the notice."""
        if due.header.get("cycle") == self.ground.target and due.header.get("kind") == "service_earned":
            self._unresolved[act.at.id] = (self._pool(act), act)

    def hear(self, act: Told, original: Told) -> None:
        self._unresolved.pop(original.at.id, None)
        for path, amount in act.under(WALLET).items():
            opened = self.ground.lots.get(path)
            if amount > 0 and opened is not None and opened.expires_at is not None and opened.expires_at <= act.at.recorded_at:
                self._came_late[path] = act.at.recorded_at

    def object(self, act: Told) -> None:
        """Take in an objection of the target quarter, or what was decided on one."""
        if act.at.cycle != self.ground.target:
            return
        if act.at.kind == "objection_filed":
            line = act.fact("line")
            if type(line) is not int:
                raise CannotReckon("公示行号不是数", field="facts.line", expected="行号", found=str(line))
            self._objections[act.at.subject] = line
        elif (filed := self._objections.pop(act.at.subject, None)) is not None and act.facts.get("outcome") == "refused":
            self._refused.add(filed)

    # -- openings ------------------------------------------------------------------------------------------------------------------
    def _opened(self, act: Told) -> Due:
        """The evidence is the row's digest: the file itself is not kept."""
        source, holder = account.opening(act.at.batch), act.at.subject
        told = -act.net.get((source.path, PTS), 0)
        steps = self._brought(act, told)
        quarter = self.ground.quarters.named(act.at.cycle)
        lot = lot_name(act.at.cycle, self.ground.published.homes.get(holder) or NOBODYS)
        expires_at = self._lapses_at(act, quarter.cycle, quarter.carry_over)
        wallet = account.wallet(holder, lot)
        paid = self.ground.pay(act, holder, steps)
        legs: list[Posting] = []
        if paid:
            legs += move(source, account.debt(holder), paid)
        if steps > paid:
            legs += move(source, wallet, steps - paid)
            self.ground.open_lot(wallet.path, expires_at, act)
        return Due(net_of(legs), {"lot": lot, "expires_at": expires_at})

    def _brought(self, act: Told, told: int) -> int:
        """Steps that the imported row said. Raises CannotReckon when it said something else and cannot be told what."""
        header = self.ground.published.batches.get(act.at.batch)
        if header is None:
            raise CannotReckon("找不到它那一批的导入凭证", field="batch", expected=act.at.batch, found=None)
        day, openings = header.facts.get("as_of"), self._openings
        key = (act.at.batch, openings.digest("import key opening", f"{act.at.subject}\x1f{day}"))
        if key not in openings.known:
            return told  # the batch was undone since, and its rows forgotten
        counted = header.facts.get("counts", {}).get("points")
        total = openings.sums.get(act.at.batch, 0)
        less = total - round(counted * self.ground.scale.steps_per_point) if isinstance(counted, int | float) else 0
        for steps in (told, told - less):
            if openings.digest("import value opening", f"{act.at.subject}\x1f{day}\x1f{steps}") == openings.known[key]:
                return steps
        raise CannotReckon("点数与导入的那一行对不上", field="amount", expected="导入的那一行", found=self.ground.number(told))

    # -- notice and settlement -----------------------------------------------------------------------------------------------------
    def _published(self, act: Told) -> Due:
        """All points of the quarter that are not yet resolved, numbered by pool and time.

        Their sum follows the earnings as they should have been, or as they stand.
        """
        if act.at.subject != self.ground.target:
            return Due()
        lines = sorted(self._unresolved.values(), key=lambda line: (line[0], line[1].at.recorded_at, line[1].at.id))
        self._notice = [told.at.id for _, told in lines]
        nets = [(self.ground.corrected.get(told.at.id, told.net), told.net) for _, told in lines]
        sums = [sum(sum(_pending(each[n]).values()) for each in nets) for n in (0, 1)]
        points = sums[1] if act.facts.get("points") == sums[1] else sums[0]
        return Due(facts={"lines": len(lines), "points": points})

    def _pool(self, act: Told) -> str:
        try:
            return self.ground.published.pool(self.ground.published.activity(act))
        except CannotReckon:
            return ""

    def _settled(self, act: Told, original: Told, sums: Net) -> Due:
        holder, pending = original.at.subject, _pending(sums)
        if len(pending) != 1:
            raise CannotReckon("它所结转的凭证没有待公示的积分", field="resolves", expected="service_earned", found=original.at.kind)
        (path, steps), *_ = pending.items()
        source, wallet = account.pending(holder, lot_of(path)), self._wallet(act, holder, lot_of(path))
        paid = self.ground.pay(act, holder, steps)
        legs: list[Posting] = []
        if paid:
            legs += move(source, account.debt(holder), paid)
        quarter = self.ground.quarters.named(original.at.cycle)
        expires_at = self._lapses_at(act, quarter.cycle, quarter.carry_over)
        if steps > paid:
            legs += move(source, wallet, steps - paid)
            self.ground.open_lot(wallet.path, expires_at, act)
        facts = {"lot": lot_of(wallet.path)} | ({"expires_at": expires_at} if "expires_at" in act.facts else {})
        return Due(net_of(legs), facts, {"subject": holder, "cycle": self.ground.quarter_booked(act, original)})

    def _wallet(self, act: Told, holder: str, lot: str) -> account.Account:
        """The lot of the same name, or that of the present quarter when that one is over."""
        wallet = account.wallet(holder, lot)
        opened = self.ground.lots.get(wallet.path)
        if opened is None or opened.expires_at is None or opened.expires_at > act.at.recorded_at:
            return wallet
        return account.wallet(holder, lot_name(self.ground.quarter_of(act), lot.partition(".")[2]))

    def _lapses_at(self, act: Told, cycle: Cycle, preset: CarryOver) -> int | None:
        """When points that become spendable now lapse; a redemption window that was over by then does not count."""
        zone, at = self.ground.zone, instant(act.at.recorded_at)
        today = local_date(at, zone)
        if preset == "after_redeeming" and cycle.redeem_until is not None and cycle.redeem_until <= at:
            cycle = planned(name_of(today), self.ground.plan, zone)
        lapses = expiry_of(preset, cycle, today, zone)
        return None if lapses is None else micros(lapses)

    # -- lapsing -------------------------------------------------------------------------------------------------------------------
    def _lapsed(self, act: Told) -> Due:
        """All that the lot held, once its day was over."""
        self._swept_at = max(self._swept_at, act.at.recorded_at)
        path = account.wallet(act.at.subject, str(act.fact("lot"))).path
        opened = self.ground.lots.get(path)
        if opened is None or opened.expires_at is None:
            raise CannotReckon("这个批次没有到期日，不该清零", field="facts.expires_at", expected=None, found=act.facts.get("expires_at"))
        if opened.expires_at > act.at.recorded_at:
            raise CannotReckon("还没有到期就清零了", field="recorded_at", expected=opened.expires_at, found=act.at.recorded_at)
        cycle = name_of(last_day(instant(opened.expires_at), self.ground.zone))
        group = path.rpartition("/")[0]

        def reckon(balances: Balances) -> dict[str, int]:
            return {path: -balances[path]} if balances.get(path, 0) > 0 else {}

        gone = self.ground.holdings.choose(act.at.recorded_at, group, act.under(group + "/"), reckon) or {}
        legs: Net = {(p, PTS): amount for p, amount in gone.items()}
        if gone:
            legs[account.lapsed(cycle).path, PTS] = -sum(gone.values())
        return Due(legs, {"lot": lot_of(path), "expires_at": opened.expires_at}, {"cycle": cycle, "subject": holder_of(path)})

    # -- what is missing -----------------------------------------------------------------------------------------------------------
    def finish(self) -> list[Late]:
        return [*self._unsettled(), *self._unswept()]

    def _unsettled(self) -> list[Late]:
        """Lines of a notice that is over, that nobody objected to, and that nothing settled."""
        if not self.ground.quarters.is_past(self.ground.target, "redeeming"):
            return []
        waits = {*self._objections.values(), *self._refused}
        found: list[Late] = []
        for number, id in enumerate(self._notice, 1):
            if number not in waits and id in self._unresolved:
                told = self._unresolved[id][1]
                message = f"{named(told)}的公示已经结束（第 {number} 行），没有异议，却没有转为可用"
                found.append(
                    (self.ground.place, Finding(message=message, expected="points_settled", found=None, entry=id, field="resolves"))
                )
        return found

    def _unswept(self) -> list[Late]:
        """Lots that were over when others were swept, and still hold points."""
        found: list[Late] = []
        for path, left in self.ground.holdings.wallets_left().items():
            opened = self.ground.lots.get(path)
            came_at = self._came_late.get(path, 0)
            if opened is None or opened.expires_at is None or max(opened.expires_at, came_at) >= self._swept_at - TOLERANCE:
                continue
            if name_of(last_day(instant(opened.expires_at), self.ground.zone)) == self.ground.target:
                message = f"{path} 已经到期，同批的都清零了，它还应有 {self.ground.number(left)} 分没有清零"
                finding = Finding(
                    message=message, expected=0, found=self.ground.number(left), entry=opened.by.at.id, account=path, field="amount"
                )
                found.append((self.ground.place, finding))
        return found


def _pending(sums: Net) -> dict[str, int]:
    return {path: amount for (path, _), amount in sums.items() if path.startswith(PENDING) and amount > 0}
