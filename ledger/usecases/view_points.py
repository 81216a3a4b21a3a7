"""What a holder may see of their points: the documents behind `points balance`, `/me` and the pages. In points."""

from __future__ import annotations

import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.cycle import last_day
from ledger.domain.earning import Rule
from ledger.storage import goods, service
from ledger.storage.statements import Balance, StatementLine
from ledger.storage.unit_of_work import Unit

WHY: Final[dict[str, str]] = {
    "points_opened": "期初积分转入",
    "points_settled": "公示结束，转为可用",
    "points_voided": "公示异议成立，不计",
    "hold_placed": "预留",
    "hold_voided": "取消预留，退回",
    "hold_expired": "预留过期，退回",
    "handed_over": "兑换",
    "hand_over_reversed": "兑换撤回，退回",
    "points_lapsed": "到期清零",
    "reversed": "更正：冲回一笔",
    "debt_booked": "转为欠分，以后先抵扣",
    "debt_paid": "退回的积分先抵欠分",
}


def balance_document(unit: Unit, found: Balance) -> dict[str, Any]:
    """CONTRACT §2 `points balance`."""
    zone, scale = unit.book.settings.zone, unit.book.settings.scale
    return {
        "holder": found.holder,
        "spendable": scale.number(found.spendable),
        "pending": scale.number(found.pending),
        "held": scale.number(found.held),
        "debt": scale.number(found.debt),
        "honour_minutes": found.honour_minutes,
        "lots": [
            {
                "cycle": lot.cycle, "pool": lot.pool, "remaining": scale.number(lot.remaining),
                "expires_on": last_day(lot.expires_at, zone).isoformat() if lot.expires_at else None,
            }
            for lot in found.lots
        ],
    }  # fmt: skip


def statement_document(unit: Unit, lines: list[StatementLine]) -> dict[str, Any]:
    """CONTRACT §2 `points statement`: amount is what happened to spendable points, pending what happened to pending ones."""
    zone, scale = ZoneInfo(unit.book.settings.zone), unit.book.settings.scale
    names: dict[str, str] = {}
    return {
        "lines": [
            {
                "entry": line.entry, "at": line.at.astimezone(zone).isoformat(), "kind": line.kind, "why": why(unit, line, names),
                "amount": scale.number(line.amount), "pending": scale.number(line.pending), "balance": scale.number(line.balance),
            }
            for line in lines
        ]
    }  # fmt: skip


def why(unit: Unit, line: StatementLine, names: dict[str, str]) -> str:
    """One plain sentence for a statement line: which activity, clause, station or goods. `names` caches look-ups."""
    facts = json.loads(line.facts)
    if line.kind in ("service_earned", "service_served", "checked_in"):
        return _why_earned(unit, line, facts, names)
    words = WHY.get(line.kind, line.kind)
    if line.kind in ("hold_placed", "handed_over"):
        items = "、".join(f"{_good(unit, item['sku'], names)}×{item['quantity']}" for item in facts.get("items", []))
        return f"{words}{items}（{_station(unit, line.station, names)}）"
    return words


def _why_earned(unit: Unit, line: StatementLine, facts: dict[str, Any], names: dict[str, str]) -> str:
    activity = line.evidence.removeprefix("activity:")
    if activity not in names:
        found = service.activity(unit, activity)
        names[activity] = found.name if found else "活动"
    parts = [names[activity]]
    if facts.get("minutes"):
        parts.append(f"服务{facts['minutes']}分钟")
    if line.kind == "service_earned":
        rule = service.rule(unit, line.rule, line.rule_version)
        parts.append(explain(rule, facts, unit) if rule else "")
    return "，".join(part for part in parts if part)


def explain(rule: Rule, facts: dict[str, Any], unit: Unit) -> str:
    """The sum as on paper: rule, clause, raw value and the cap that cut it."""
    scale = unit.book.settings.scale
    text = f"{rule.name}，依据{rule.clause}，计{scale.text(int(facts.get('raw', 0)))}分"
    if facts.get("capped_by"):
        caps = {"event": "单次", "day": "每日", "quarter": "每季", "year": "每年", "life": "终身"}
        text += f"，超出{caps[facts['capped_by']]}上限的不计"
    return text


def _good(unit: Unit, sku: str, names: dict[str, str]) -> str:
    if sku not in names:
        names[sku] = goods.good_name(unit, sku) or sku
    return names[sku]


def _station(unit: Unit, code: str, names: dict[str, str]) -> str:
    if code not in names:
        found = goods.station(unit, code)
        names[code] = found.name if found else code
    return names[code]
