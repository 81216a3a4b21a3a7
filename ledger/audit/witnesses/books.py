"""Postings: whole, balanced, summing to what accounts say they hold, and never below a floor on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from ledger.audit.inquiry import TOLERANCE, Inquiry, Seen, Witness, moment
from ledger.audit.rebuild import Balances, Breach
from ledger.domain.account import CNY, FAMILIES, HON, PATH_LENGTH_MAX, PTS
from ledger.domain.points import POSTING_MAX
from ledger.storage import evidence

COMMODITY_OF: Final = {
    **dict.fromkeys(("wallet", "pending", "debt", "redeemed", "lapsed", "donated"), PTS),
    **dict.fromkeys(("worth", "fund", "spent"), CNY),
    "honour": HON,
}
"""Families that can hold one commodity only."""

PARTS_OF: Final = {
    **dict.fromkeys(("wallet", "pending", "held", "shelf", "worth", "redeemed", "spent"), 3),
    **dict.fromkeys(("debt", "honour", "fund", "lapsed"), 2),
}
"""How many parts a path of the family has."""

LISTED_MAX: Final = 200


class Books(Witness):
    checks = (
        "postings_well_formed", "entries_balance", "ledger_sums_to_zero", "balances_match_postings", "floors_hold", "accounts_well_formed",
    )  # fmt: skip

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        overdrafts = [row[0] for row in inquiry.unit.rows(evidence.OVERDRAFTS)]
        self._balances = Balances(overdrafts, patience=TOLERANCE)
        self._points_max = POSTING_MAX * 10**inquiry.book.settings.genesis.decimals
        self._totals: defaultdict[str, int] = defaultdict(int)
        self.postings = 0

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            if act.legs:
                self._add(act)

    def finish(self) -> None:
        for commodity, total in sorted(self._totals.items()):
            if total:
                self.inquiry.note(
                    "ledger_sums_to_zero", f"全账 {commodity} 合计应为 0，现为 {total}", expected=0, found=total, field=commodity
                )
        for breach in self._balances.standing():
            self._note_breach(breach)
        for row in self.inquiry.unit.stream(evidence.ACCOUNTS):
            self._check_account(*row)
        if self._balances.left:
            self._name_strays()

    def _add(self, act: Seen) -> None:
        entry, recorded_at, legs, most = act.at.id, act.at.recorded_at, act.legs, self._points_max
        self.postings += len(legs)
        expected_line = 0
        for line, _, commodity, amount in legs:
            if line != expected_line or type(amount) is not int or not amount or not (-most <= amount <= most or commodity == CNY):
                break
            expected_line += 1
        if expected_line != len(legs) or expected_line < 2 or type(recorded_at) is not int:
            self._name_bad_legs(act)
            recorded_at = recorded_at if type(recorded_at) is int else 0
            legs = [leg for leg in legs if type(leg[3]) is int]
        totals, ended = self._balances.add(entry, recorded_at, legs)
        for breach in ended:
            self._note_breach(breach)
        for commodity, total in totals.items():
            if total:
                self._totals[commodity] += total
                self.inquiry.note(
                    "entries_balance", f"凭证 {entry} 的 {commodity} 借贷相差 {total}，应相抵为 0",
                    expected=0, found=total, entry=entry, table="posting", field="amount",
                )  # fmt: skip

    def _name_bad_legs(self, act: Seen) -> None:
        note, entry = self.inquiry.note, act.at.id
        if len(act.legs) < 2:
            note(
                "postings_well_formed", f"凭证 {entry} 只有 {len(act.legs)} 条分录，至少应有两条",
                expected=2, found=len(act.legs), entry=entry, table="posting", field="line",
            )  # fmt: skip
        for expected_line, (line, path, _, _) in enumerate(act.legs):
            if line != expected_line:
                note(
                    "postings_well_formed", f"凭证 {entry} 的分录行号应为 {expected_line}，现为 {line}，其间缺行",
                    expected=expected_line, found=line, entry=entry, account=path, table="posting", field="line",
                )  # fmt: skip
                break
        for _, path, commodity, amount in act.legs:
            limit = None if commodity == CNY else self._points_max
            if type(amount) is not int or amount == 0 or (limit is not None and abs(amount) > limit):
                note(
                    "postings_well_formed", f"凭证 {entry} 在账户 {path} 上的数额不对：{amount}",
                    expected="不为零的整数" if limit is None else f"1 至 {limit} 的整数", found=amount,
                    entry=entry, account=path, table="posting", field="amount",
                )  # fmt: skip

    def _note_breach(self, breach: Breach) -> None:
        self.inquiry.note(
            "floors_hold",
            f"账户 {breach.account} 自凭证 {breach.entry}（{moment(breach.recorded_at)}）起为 {breach.balance}，不得低于 0",
            expected=0, found=breach.balance, entry=breach.entry, account=breach.account, table="posting", field="amount",
        )  # fmt: skip

    def _check_account(self, path: str, commodity: str, floor: object, balance: object, _expires_at: object) -> None:
        name, _, rest = path.partition("/")
        family = FAMILIES.get(name)
        rebuilt = self._balances.take(path, commodity)
        if family is None or rest.count("/") != PARTS_OF.get(name, rest.count("/") + 2) - 2 or not 0 < len(rest) < PATH_LENGTH_MAX:
            self._note_account(path, "path", "账户路径不合规", "已知种类的路径", path)
            return
        if COMMODITY_OF.get(family.name, commodity) != commodity:
            self._note_account(path, "commodity", f"应以 {COMMODITY_OF[family.name]} 计", COMMODITY_OF[family.name], commodity)
        if floor != family.floor and not (family.name == "fund" and floor is None):
            self._note_account(path, "floor", f"底线应为 {family.floor}", family.floor, floor)
        if not family.cached and balance is not None:
            self._note_account(path, "balance", "多人同时使用的账户不应存余额", None, balance)
        if family.cached and balance != rebuilt:
            self.inquiry.note(
                "balances_match_postings", f"账户 {path} 的余额应为 {rebuilt}（分录之和），现为 {balance}",
                expected=rebuilt, found=balance, account=path, table="account", field="balance",
            )  # fmt: skip

    def _note_account(self, path: str, column: str, words: str, expected: object, found: object) -> None:
        message = f"账户 {path}：{words}，现为 {found}"
        self.inquiry.note("accounts_well_formed", message, expected=expected, found=found, account=path, table="account", field=column)

    def _name_strays(self) -> None:
        for path, commodity, entry, total in self.inquiry.unit.rows(evidence.LEGS_WITHOUT_ACCOUNT, most=LISTED_MAX):
            self.inquiry.note(
                "accounts_well_formed", f"凭证 {entry} 等在账户 {path}（{commodity}）上记有 {int(total)}，账户表中没有这个账户",
                expected=f"{path} {commodity}", found=None, entry=entry, account=path, table="account", field="path",
            )  # fmt: skip

