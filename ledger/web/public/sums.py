"""Why this many points: the sum of one service as on paper, with the caps that hold and the clause it rests on."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext as _

from ledger.domain.earning import Rule
from ledger.storage import service
from ledger.storage.statements import StatementLine
from ledger.storage.unit_of_work import Unit
from ledger.web.public import telling


def sum_of(rule: Rule, minutes: int, raw: int, counted: int, capped_by: str) -> dict[str, Any]:
    """The arguments of line_explanation for one service: the rule's sum, the caps that hold, what counts."""
    rows = [_base_row(rule, minutes, raw)]
    if rule.per_mille != 1000:
        rows.append({"label": _("× 系数%(n)s", n=_coefficient(rule.per_mille)), "value": worded(raw)})
    for cap, steps in rule.caps.items():
        rows.append({"label": _caps()[cap], "value": worded(steps)})
    if capped_by:
        rows.append({"label": _("超出%(cap)s的不计", cap=_caps()[capped_by]), "value": telling.signed(counted - raw)})
    return {"sentence": _rule_sentence(rule, minutes), "rows": rows, "counted": worded(counted), "clause": rule.clause}


def sum_of_line(unit: Unit, line: StatementLine) -> dict[str, Any] | None:
    """The sum of an earning as anybody may see it: no approver, no name. None when its rule is unknown."""
    rule = service.rule(unit, line.rule, line.rule_version)
    if rule is None:
        return None
    facts, counted = json.loads(line.facts), line.pending or line.amount
    return sum_of(rule, int(facts.get("minutes", 0)), int(facts.get("raw", counted)), counted, facts.get("capped_by") or "")


def _base_row(rule: Rule, minutes: int, raw: int) -> dict[str, str]:
    """The first row of the sum. With a coefficient it is what stands before it, in whole steps; else it is the raw amount itself."""
    if rule.basis == "event":
        return {"label": str(_("1次 × %(n)s分", n=telling.points(rule.points))), "value": worded(rule.points)}
    plain = raw if rule.per_mille == 1000 else rule.points * minutes // 60
    return {"label": str(_("%(m)s分钟 × 每小时%(n)s分", m=minutes, n=telling.points(rule.points))), "value": worded(plain)}


def _rule_sentence(rule: Rule, minutes: int) -> str:
    if rule.basis == "event":
        return str(_("%(rule)s，签到一次记一次。", rule=rule.name))
    return str(_("%(rule)s，服务%(time)s。", rule=rule.name, time=telling.served(minutes)))


def _caps() -> dict[str, str]:
    return {
        "event": str(_("每次上限")), "day": str(_("每日上限")), "quarter": str(_("每季上限")),
        "year": str(_("每年上限")), "life": str(_("终身上限")),
    }  # fmt: skip


def _coefficient(per_mille: int) -> str:
    return f"{per_mille / 1000:g}"


def worded(steps: int) -> str:
    return str(_("%(n)s分", n=telling.points(steps)))
