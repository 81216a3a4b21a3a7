"""One line of a resident's statement: its title, its day, what it did to the points, and where it is explained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flask_babel import gettext as _

from ledger.domain.redemption import Line
from ledger.storage import goods, journal, service
from ledger.storage.statements import StatementLine
from ledger.storage.unit_of_work import Unit
from ledger.usecases.view_hold import HoldView
from ledger.web.public import telling

SERVICE: Final = ("service_earned", "checked_in", "service_served")
GOODS: Final = ("hold_placed", "handed_over")


def rows(unit: Unit, found: Iterable[StatementLine]) -> list[dict[str, Any]]:
    """Lines as `list_row` takes them: title, sub, amount, chip_kind, chip_text, href."""
    return [_row(unit, line) for line in found]


def title(unit: Unit, line: StatementLine) -> str:
    """What happened, in as few words as the person would use."""
    if line.kind in SERVICE:
        return activity_name(unit, line)
    words = _words(line.kind)
    if line.kind in GOODS:
        return f"{words} {items_words(unit, line)}"
    if line.kind == "points_settled" and line.resolves:
        earned = journal.act_by_id(unit, line.resolves)
        found = service.activity(unit, earned.evidence.removeprefix("activity:")) if earned else None
        return found.name if found else words
    return words


def activity_name(unit: Unit, line: StatementLine) -> str:
    found = service.activity(unit, line.evidence.removeprefix("activity:"))
    return found.name if found else str(_("志愿服务"))


def items_words(unit: Unit, line: StatementLine) -> str:
    items = json.loads(line.facts).get("items", [])
    return "、".join(f"{goods.good_name(unit, item['sku']) or item['sku']}×{item['quantity']}" for item in items)


def goods_words(found: Sequence[Line]) -> str:
    return "、".join(f"{line.name}×{line.quantity}" for line in found)


def fetch_words(view: HoldView) -> str:
    """Where a hold waits and until when."""
    day = telling.day(telling.end_of(view.hold.expires_at))
    return str(_("%(station)s · %(day)s24:00前来取", station=view.station.name, day=day))


def _words(kind: str) -> str:
    """A line in a few words; an unknown kind keeps its name."""
    words = {
        "points_opened": _("期初积分转入"),
        "points_settled": _("公示结束，转为可用"),
        "points_voided": _("公示异议成立，不计"),
        "hold_placed": _("预留"),
        "hold_voided": _("取消预留，退回"),
        "hold_expired": _("预留过期，退回"),
        "handed_over": _("领取"),
        "hand_over_reversed": _("领取已更正，退回"),
        "points_lapsed": _("到期清零"),
        "reversed": _("更正"),
        "debt_booked": _("转为先抵扣"),
    }
    return str(words.get(kind, kind))


def _row(unit: Unit, line: StatementLine) -> dict[str, Any]:
    station = goods.station(unit, line.station) if line.station else None
    is_over = line.kind == "service_earned" and line.pending > 0 and journal.act_resolving(unit, line.entry) is not None
    kind, text = ("plain", str(_("已公示"))) if is_over else _chip(line)
    return {
        "title": title(unit, line),
        "sub": " · ".join(part for part in (telling.moment(line.at), station.name if station else "") if part),
        # Once its notice is over, the points stand in the line that says so: told twice, they would seem twice as many.
        "amount": "" if is_over else amount(line),
        "chip_kind": kind,
        "chip_text": text,
        "href": f"/me/statement/{line.entry}",
    }


def amount(line: StatementLine) -> str:
    """What it did to spendable points, or else to pending ones; empty where neither moved."""
    steps = line.amount or line.pending
    return telling.signed(steps) if steps else ""


def _chip(line: StatementLine) -> tuple[str, str]:
    if line.kind == "handed_over":
        return "done", str(_("已发放"))
    if line.kind == "points_settled":
        return "done", str(_("转为可用"))
    if line.pending > 0:
        return "waiting", str(_("待公示"))
    return "", ""
