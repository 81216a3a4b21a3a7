"""What a check says: findings that name the line, results by check, and the report of all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Severity = Literal["error", "notice"]

FINDINGS_KEPT: Final = 200
"""Findings kept of one check; the rest is counted."""

CATALOGUE: Final[Mapping[str, tuple[str, Severity]]] = {
    "journal_readable": ("流水能够完整读出", "error"),
    "acts_well_formed": ("凭证要素齐全", "error"),
    "postings_well_formed": ("分录齐全、为整数", "error"),
    "entries_balance": ("每张凭证分商品借贷相抵", "error"),
    "ledger_sums_to_zero": ("全账合计为零", "error"),
    "balances_match_postings": ("账户余额等于分录之和", "error"),
    "floors_hold": ("任何时刻都不透支", "error"),
    "accounts_well_formed": ("账户路径、商品、底线相符", "error"),
    "lots_expire_as_written": ("批次到期日与凭证一致", "error"),
    "leaf_hashes_recompute": ("凭证内容与封存时一致", "error"),
    "leaf_indexes_dense": ("叶号从零起连续", "error"),
    "acts_sealed_once": ("每张凭证恰好封存一次", "error"),
    "nodes_recompute": ("树的中间节点可重算", "error"),
    "heads_signed": ("树头签名有效", "error"),
    "heads_are_prefixes": ("每个树头都是后来的开头", "error"),
    "recorded_in_order": ("记录时间随叶号递增", "error"),
    "unsealed_are_fresh": ("待封存凭证没有积压", "notice"),
    "clock_is_steady": ("时钟没有跳变", "notice"),
    "resolved_once": ("冲正、结清各只一次", "error"),
    "reversals_opposite": ("冲正与原凭证相等相反", "error"),
    "holds_match_acts": ("预留与凭证一致", "error"),
    "holds_in_time": ("没有逾期未清的预留", "notice"),
    "redemptions_match_acts": ("兑换记录与凭证一致", "error"),
    "prices_kept": ("兑换按当时价格计点", "error"),
    "costs_kept": ("出库成本按入库单价", "error"),
    "passes_used_once": ("用过的通行码有据可查", "error"),
    "allowances_match": ("限兑数量等于已领已留之和", "error"),
    "attendance_matches_acts": ("服务记录与凭证一致", "error"),
    "one_earning_each": ("一人一次活动只得一次积分", "error"),
    "notice_matches_acts": ("公示行与凭证一致", "error"),
    "objections_match_acts": ("异议与凭证一致", "error"),
    "cycles_match_acts": ("季度状态与日期同凭证一致", "error"),
    "closed_cycles_untouched": ("封账后没有补记", "error"),
    "lapses_exact": ("到期清零分毫不差", "error"),
    "goods_match_acts": ("物资价格与凭证一致", "error"),
    "receipts_match_acts": ("入库单与凭证一致", "error"),
    "stations_match_acts": ("站点、场次、台账与凭证一致", "error"),
    "activities_match_acts": ("活动与凭证一致", "error"),
    "rules_match_acts": ("规则与公布时一致", "error"),
    "people_match_acts": ("人员、网格与凭证一致", "error"),
    "cards_match_acts": ("卡片与凭证一致", "error"),
    "roles_match_acts": ("角色授权与凭证一致", "error"),
    "batches_match_acts": ("导入批次与凭证一致", "error"),
    "actors_known": ("经办人均在册", "error"),
    "duties_separated": ("经办、复核、受益三分开", "error"),
    "notes_match": ("说明文字与摘要一致", "error"),
    "request_keys_match": ("幂等键与凭证一致", "error"),
    "genesis_agrees": ("开账设置一致", "error"),
    "schema_complete": ("表、触发器、函数齐全", "error"),
    "engine_sound": ("数据库文件完好", "error"),
}
"""Every check by its stable name: its title, and whether a finding is an error or a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it must be. Empty text means "does not apply"."""

    message: str
    expected: Any
    found: Any
    entry: str = ""
    account: str = ""
    table: str = ""
    field: str = ""

    def document(self) -> dict[str, Any]:
        values = asdict(self)
        return {name: value for name, value in values.items() if value or name in ("message", "expected", "found")}


@dataclass(slots=True, kw_only=True)
class CheckResult:
    """A check with its findings; `count` also counts those that were not kept."""

    name: str
    title: str
    severity: Severity
    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    @property
    def ok(self) -> bool:
        """Notices do not make a book wrong."""
        return self.severity == "notice" or self.count == 0


@dataclass(slots=True, kw_only=True)
class Report:
    """All checks, in the order of the catalogue, and how much was read."""

    checks: list[CheckResult]
    acts: int = 0
    postings: int = 0

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def check(self, name: str) -> CheckResult:
        return next(check for check in self.checks if check.name == name)

    def note(self, name: str, finding: Finding) -> None:
        """Add a finding to a check; of very many only the first are kept."""
        result = self.check(name)
        result.count += 1
        if len(result.findings) < FINDINGS_KEPT:
            result.findings.append(finding)

    def document(self) -> dict[str, Any]:
        """The fields of `audit check`."""
        checks = [
            {
                "name": check.name,
                "title": check.title,
                "severity": check.severity,
                "ok": check.ok,
                "found": check.count,
                "findings": [finding.document() for finding in check.findings],
            }
            for check in self.checks
        ]
        return {"checks": checks, "acts": self.acts, "postings": self.postings}


def empty_report() -> Report:
    """A report in which nothing was found yet."""
    return Report(checks=[CheckResult(name=name, title=title, severity=severity) for name, (title, severity) in CATALOGUE.items()])
