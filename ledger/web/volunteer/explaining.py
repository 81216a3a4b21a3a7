"""为什么N分: the line of a statement as one sentence and the sum as on paper."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext as _

from ledger.storage import cycles, goods, journal, residents, service
from ledger.storage.statements import StatementLine
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import served_by
from ledger.web.public import sums, telling
from ledger.web.public.sums import worded
from ledger.web.volunteer import lines


def document(unit: Unit, line: StatementLine) -> dict[str, Any]:
    """The values of volunteer/line.html: title, amount, at, sum (arguments of line_explanation or None), sentence, state, links."""
    if line.kind in lines.SERVICE:
        told = _earned(unit, line)
    elif line.kind in lines.GOODS:
        told = _goods(unit, line)
    else:
        told = _moved(line)
    steps = line.amount or line.pending
    if line.kind == "handed_over" and not steps:
        steps = -_items_points(line)
    return {
        "title": lines.title(unit, line),
        "heading": _("为什么%(n)s分", n=telling.points(abs(steps))) if steps else lines.title(unit, line),
        "at": telling.moment(line.at),
        "amount": telling.signed(steps) if steps else "",
        "balance": telling.points(line.balance),
        "sum": None,
        "sentence": "",
        "state": "",
        "links": [],
        **told,
    }


def _earned(unit: Unit, line: StatementLine) -> dict[str, Any]:
    activity = service.activity(unit, line.evidence.removeprefix("activity:"))
    told: dict[str, Any] = {"state": _state(unit, line), "links": _links(unit, line), "sum": sums.sum_of_line(unit, line)}
    if activity is not None:
        told["sentence"] = _("您参加了“%(name)s”，%(when)s。", name=activity.name, when=telling.moment(activity.starts_at))
    if told["sum"] and not line.actor.startswith("V"):
        told["sum"]["approver"] = served_by(unit, line.actor)
    return told


def _state(unit: Unit, line: StatementLine) -> str:
    """Where the points stand now."""
    ended = journal.act_resolving(unit, line.entry)
    if ended is None:
        found = cycles.cycle(unit, line.cycle)
        if found is None or not line.pending:
            return ""
        return str(_("现在：待公示，%(day)s公示结束后可用。", day=telling.day(telling.end_of(found[0].notice_ends_at))))
    if ended.kind == "points_settled":
        return str(_("%(day)s公示结束，已转为可用。", day=telling.day(telling.local(ended.recorded_at).date())))
    return str(_("%(day)s更正，这一笔不计。", day=telling.day(telling.local(ended.recorded_at).date())))


def _links(unit: Unit, line: StatementLine) -> list[dict[str, str]]:
    number = residents.notice_line_of(unit, line.entry)
    if number is None:
        return []
    return [{"href": f"/notice/{number[0]}/lines/{number[1]}", "label": str(_("看公示里的这一行（行号%(no)s）", no=f"{number[1]:04d}"))}]


def _goods(unit: Unit, line: StatementLine) -> dict[str, Any]:
    facts = json.loads(line.facts)
    station = goods.station(unit, line.station)
    rows = [_item_row(unit, item) for item in facts.get("items", [])]
    name = station.name if station else line.station
    if line.kind == "hold_placed":
        sentence = _("您在%(station)s预留了这些物品，积分先留出来。", station=name)
        links = [{"href": f"/me/holds/{line.entry}", "label": str(_("看这份预留"))}]
    else:
        sentence = _("您在%(station)s领了这些物品。", station=name)
        links = [{"href": f"/receipts/{facts['receipt']}", "label": str(_("看凭证"))}] if facts.get("receipt") else []
    total = worded(_items_points(line))
    return {"sum": {"sentence": sentence, "rows": rows, "counted": total}, "links": links}


def _items_points(line: StatementLine) -> int:
    return sum(int(item["quantity"]) * int(item["price_points"]) for item in json.loads(line.facts).get("items", []))


def _item_row(unit: Unit, item: dict[str, Any]) -> dict[str, str]:
    name = goods.good_name(unit, item["sku"]) or item["sku"]
    each, count = int(item["price_points"]), int(item["quantity"])
    return {"label": f"{name} {count} × {worded(each)}", "value": worded(each * count)}


def _moved(line: StatementLine) -> dict[str, Any]:
    sentences = {
        "points_opened": _("这是启用账本时，从原来的名册转入的积分。"),
        "points_settled": _("公示期满，没有成立的异议，待公示的积分转为可用。"),
        "points_voided": _("公示期间有人提出异议，核实后这一笔不计。"),
        "hold_voided": _("预留取消了，积分原样退回。"),
        "hold_expired": _("预留到期没有来取，积分原样退回。"),
        "hand_over_reversed": _("站点更正了一次领取，积分和物品都退回。"),
        "points_lapsed": _("这些积分的有效期到了。"),
        "reversed": _("这一笔更正了前面的一笔，两笔都留在账上。"),
        "debt_booked": _("更正时积分已经用掉，以后得的积分先抵扣。"),
    }
    earlier = line.resolves or line.reverses
    links = [{"href": f"/me/statement/{earlier}", "label": str(_("看前面的那一笔"))}] if earlier else []
    return {"sentence": sentences.get(line.kind, ""), "links": links}
