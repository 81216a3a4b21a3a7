"""Quarters: their states and dates by the acts that stepped them, nothing added after sealing, lapses to the point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ledger.audit.inquiry import MINUTE, TOLERANCE, Inquiry, Seen, Witness, moment
from ledger.audit.witnesses.mirrors import Latest
from ledger.domain.account import PTS
from ledger.domain.cycle import STATES
from ledger.storage import evidence

DATES: Final = frozenset({
    "starts_on", "ends_on", "cutoff_at", "notice_from", "notice_days", "notice_ends_at", "redeem_until", "settle_until", "noticed_at",
    "carry_over",
})  # fmt: skip
CLOSED_TO: Final = frozenset({
    "service_earned", "service_served", "checked_in", "points_settled", "points_voided", "hold_placed", "handed_over",
    "hand_over_reversed",
})  # fmt: skip
"""Kinds that a sealed quarter no longer takes. Lots lapse later than their quarter; imports are undone when they are."""

SWEEP_GRACE: Final = 60 * MINUTE


class Cycles(Latest):
    """A quarter walks one state at a time; its row is where its acts left it."""

    checks = ("cycles_match_acts",)
    kinds = frozenset({"cycle_opened", "cycle_stepped"})
    table, key = "cycle", "name"

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            dates = {name: value for name, value in act.facts.items() if name in DATES}
            state = act.facts.get("state", "earning")
            if act.at.kind == "cycle_stepped":
                state = act.facts.get("to")
                self._check_step(act, self.said.get(act.at.subject, {}).get("state"), state)
            self.say(act.at.subject, act, state=state, **dates)

    def _check_step(self, act: Seen, was: Any, to: Any) -> None:
        follows = was in STATES and to in STATES and STATES.index(to) == STATES.index(was) + 1 and act.facts.get("from") == was
        if not follows:
            self.inquiry.note(
                "cycles_match_acts", f"凭证 {act.at.id} 把 {act.at.subject} 由 {act.facts.get('from')} 推到 {to}，此前它在 {was}",
                expected=was, found=act.facts.get("from"), entry=act.at.id, table="act", field="facts.from",
            )  # fmt: skip


class ClosedCycles(Witness):
    """No entry is recorded for a quarter after it was sealed (RELIABILITY I10)."""

    checks = ("closed_cycles_untouched",)
    kinds = CLOSED_TO | {"cycle_stepped"}

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._sealed_at: dict[str, int] = {}

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            if act.at.kind == "cycle_stepped":
                if act.facts.get("to") == "sealed":
                    self._sealed_at[act.at.subject] = act.at.recorded_at
                continue
            sealed_at = self._sealed_at.get(act.at.cycle)
            if sealed_at is not None and act.at.recorded_at > sealed_at + TOLERANCE:
                self.inquiry.note(
                    "closed_cycles_untouched",
                    f"凭证 {act.at.id} 记于 {moment(act.at.recorded_at)}，归入 {act.at.cycle}，该季度已于 {moment(sealed_at)} 封账",
                    expected=f"≤ {moment(sealed_at)}", found=moment(act.at.recorded_at), entry=act.at.id, table="act", field="cycle",
                )  # fmt: skip


class Lots(Witness):
    """A lot lapses whole, not before its day, and none is left out by a sweep; its day is the one written when it opened."""

    checks = ("lapses_exact", "lots_expire_as_written")
    kinds = frozenset({"points_opened", "points_settled", "points_lapsed"})

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._swept_at = 0

    def see(self, acts: Sequence[Seen]) -> None:
        opened = [act for act in acts if "expires_at" in act.facts and act.at.kind != "points_lapsed"]
        paths = sorted({path for act in opened for path in _wallets(act)})
        days: dict[str, Any] = dict(self.inquiry.unit.rows(evidence.EXPIRIES, ids=paths)) if paths else {}
        for act in opened:
            for path in _wallets(act):
                if path in days and days[path] != act.facts["expires_at"]:
                    self._check_day(act, path, days[path])
        for act in acts:
            if act.at.kind == "points_lapsed":
                self._check_lapse(act)

    def finish(self) -> None:
        now = self.inquiry.now
        if not self._swept_at or (now is not None and now < self._swept_at + SWEEP_GRACE):
            return
        for path, balance, expires_at in self.inquiry.unit.rows(evidence.LAPSED_BUT_LEFT, at=self._swept_at - TOLERANCE):
            last = self.inquiry.unit.value(evidence.LAST_ON_ACCOUNT, path=path) or 0
            if last < self._swept_at - TOLERANCE:
                self.inquiry.note(
                    "lapses_exact", f"账户 {path} 的批次已于 {moment(expires_at)} 到期，此后清零过一次，仍余 {balance}",
                    expected=0, found=balance, account=path, table="account", field="balance",
                )  # fmt: skip

    def _check_day(self, act: Seen, path: str, found: Any) -> None:
        """The first act on an account opened it; later ones found it open and changed no date."""
        told = act.facts["expires_at"]
        if self.inquiry.unit.value(evidence.FIRST_ON_ACCOUNT, path=path) == act.at.id:
            self.inquiry.note(
                "lots_expire_as_written", f"账户 {path} 的到期时间应为 {moment(told)}，现为 {moment(found)}",
                expected=told, found=found, entry=act.at.id, account=path, table="account", field="expires_at",
            )  # fmt: skip

    def _check_lapse(self, act: Seen) -> None:
        due, at = act.facts.get("expires_at"), act.at.recorded_at
        self._swept_at = max(self._swept_at, at)
        if type(due) is not int or due > at:
            self.inquiry.note(
                "lapses_exact", f"凭证 {act.at.id} 在 {moment(at)} 清零，该批次到 {moment(due)} 才到期", expected=f"≥ {moment(due)}",
                found=moment(at), entry=act.at.id, table="act", field="facts.expires_at",
            )  # fmt: skip
        if act.total("wallet", PTS) + act.total("lapsed", PTS) != 0 or act.total("lapsed", PTS) <= 0:
            self.inquiry.note(
                "lapses_exact", f"凭证 {act.at.id} 清零的点数与转入 lapsed 的不等", expected=-act.total("wallet", PTS),
                found=act.total("lapsed", PTS), entry=act.at.id, table="posting", field="amount",
            )  # fmt: skip


def _wallets(act: Seen) -> list[str]:
    return [path for _, path, _, amount in act.legs if path.startswith("wallet/") and type(amount) is int and amount > 0]
