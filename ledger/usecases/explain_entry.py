"""Explain one entry: what happened in one plain sentence, the sum as on paper, its postings, its evidence, what it hangs together with."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.audit import trail
from ledger.domain.account import CNY, HON, PTS, holder_of, lot_of
from ledger.domain.act import Act, instant
from ledger.domain.cycle import last_day
from ledger.domain.earning import Rule
from ledger.domain.errors import NotFound
from ledger.phrases.acts import CAPS, EVIDENCE, ROUNDINGS, family_words, kind_words
from ledger.storage import goods, journal, journal_pages, replaying, service
from ledger.storage.journal_pages import WholeAct
from ledger.storage.statements import StatementLine
from ledger.storage.unit_of_work import Unit
from ledger.usecases.tell_facts import in_words
from ledger.usecases.view_journal import called
from ledger.usecases.view_points import why

SERVICE: Final = ("checked_in", "service_earned", "service_served")
OF_HOLDERS: Final = frozenset({
    *SERVICE, "points_opened", "points_settled", "points_voided", "points_lapsed", "hold_placed", "hold_voided", "hold_expired",
    "handed_over", "hand_over_reversed", "reversed", "debt_booked", "debt_paid",
})  # fmt: skip
"""Kinds that a line of a statement tells."""


def explain_entry(unit: Unit, text: str) -> dict[str, Any]:
    """Explain an act.

    Args: text: its id, or the receipt of a hand-over.
    Returns: entry, kind, what, at, recorded_at, cycle, sentence, paper (the sum, line by line), rule?, evidence?, who (actor,
    second_actor, subject, on_behalf_of, collected_by as {id, name}), postings: [{account, name, commodity, amount}], links:
    {reverses?, resolves?, reversed_by?, resolved_by?, batch?, receipt?}, note, leaf_index?, head?. Points in points.
    Raises: NotFound.
    """
    found = journal_pages.whole_act(unit, _entry_of(unit, text))
    if found is None:
        raise NotFound("entry")
    act = found.act
    zone, names = ZoneInfo(unit.book.settings.zone), called(unit, _people(act))
    return {
        "entry": act.id,
        "kind": act.kind,
        "what": kind_words(act.kind),
        "at": act.occurred_at.astimezone(zone).isoformat(),
        "recorded_at": act.recorded_at.astimezone(zone).isoformat(),
        "cycle": act.cycle,
        "sentence": _sentence(unit, act, names),
        "paper": on_paper(unit, act),
        **_basis(unit, act),
        "who": _who(act, names),
        "postings": [_posting(unit, posting.account.path, posting.account.commodity, posting.amount, names) for posting in act.postings],
        "links": _links(unit, found),
        "note": found.note,
        **_seal(unit, found),
    }


def _entry_of(unit: Unit, text: str) -> str:
    plain = text.strip().lower()
    redemption = goods.redemption(unit, plain)
    return plain if redemption is None else redemption.id


# -- the sentence ------------------------------------------------------------------------------------------------------------------
def _sentence(unit: Unit, act: Act, names: dict[str, str]) -> str:
    at = act.occurred_at.astimezone(ZoneInfo(unit.book.settings.zone))
    who, by = _named(names, act.subject), names.get(act.actor, act.actor)
    if act.kind not in OF_HOLDERS:
        facts = "，".join(in_words(unit, act.facts))
        return f"{at:%Y-%m-%d %H:%M}，{by}：{kind_words(act.kind)}{' ' + who if who else ''}{'，' + facts if facts else ''}。"
    parts = [_core(unit, act), *_returned(unit, act), *_effects(unit, act)]
    ending = "" if act.actor == act.subject else f"经办：{by}。"
    return f"{at:%Y-%m-%d %H:%M}，{who}：" + "，".join(part for part in parts if part) + f"。{ending}"


def _named(names: dict[str, str], id: str) -> str:
    return f"{names[id]}（{id}）" if id in names else id


def _core(unit: Unit, act: Act) -> str:
    """The line of a statement; a check-in says what its points wait for."""
    words = why(unit, line_of(act), {})
    if act.kind != "checked_in":
        return words
    rule = service.rule(unit, act.rule, act.rule_version)
    waits = rule is not None and act.evidence_level < rule.min_evidence
    return f"签到“{words}”，{'等复核后计分' if waits else '签退时计时'}"


def line_of(act: Act) -> StatementLine:
    """An act as a statement shows it; without the balance after it."""
    moved = {family: sum(p.amount for p in act.postings if p.account.family_name == family) for family in ("wallet", "pending")}
    return StatementLine(
        act.id, act.recorded_at, act.occurred_at, act.kind, act.rule, act.rule_version, act.clause, act.evidence, act.station,
        act.facts_text(), act.actor, moved["wallet"], moved["pending"], 0, act.cycle, act.reverses, act.resolves,
    )  # fmt: skip


def _returned(unit: Unit, act: Act) -> list[str]:
    """What a correction turns back, in the words of the entry itself."""
    original = journal.act_by_id(unit, act.reverses) if act.reverses else None
    return [] if original is None else [f"冲的是“{why(unit, line_of(original), {})}”"]


def _effects(unit: Unit, act: Act) -> list[str]:
    """What it did to each kind of account of the holder."""
    sums: dict[tuple[str, str], int] = {}
    for posting in act.postings:
        family, commodity = posting.account.family_name, posting.account.commodity
        if family in ("wallet", "pending", "honour", "debt") or (family == "held" and commodity == PTS):
            sums[family, commodity] = sums.get((family, commodity), 0) + posting.amount
    return [f"{family_words(family)} {_amount(unit, commodity, total)}" for (family, commodity), total in sums.items() if total]


def _amount(unit: Unit, commodity: str, amount: int) -> str:
    """A signed amount as people read it."""
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    if commodity == PTS:
        return f"{sign}{unit.book.settings.scale.text(abs(amount))} 分"
    if commodity == CNY:
        return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d} 元"
    return f"{sign}{abs(amount)} {'分钟' if commodity == HON else '件'}"


# -- the sum as on paper -----------------------------------------------------------------------------------------------------------
def on_paper(unit: Unit, act: Act) -> list[str]:
    """The sum line by line, as one would write it under the by-law; empty where there is nothing to add up."""
    if act.kind in SERVICE:
        rule = service.rule(unit, act.rule, act.rule_version)
        return _service_on_paper(unit, act, rule) if rule else []
    if act.kind in ("hold_placed", "handed_over"):
        return _goods_on_paper(unit, act)
    if act.kind in ("points_settled", "points_opened", "points_lapsed"):
        return _lots_on_paper(unit, act)
    return []


def _service_on_paper(unit: Unit, act: Act, rule: Rule) -> list[str]:
    facts: Any = act.facts
    text = unit.book.settings.scale.text
    points = sum(p.amount for p in act.postings if p.account.family_name == "pending")
    minutes = int(facts.get("minutes") or 0)
    lines = []
    if "raw" in facts:
        raw = int(facts["raw"])
        sum_ = f"1 次 × {text(rule.points)} 分" if rule.basis == "event" else f"{minutes} 分钟 × 每小时 {text(rule.points)} 分 ÷ 60"
        sum_ += f" × 系数 {rule.per_mille / 1000:g}" if rule.per_mille != 1000 else ""
        exact, whole = (minutes, 60_000) if rule.basis == "minute" else (1, 1000)
        rounded = f"（零头{ROUNDINGS[rule.rounding][0]}）" if rule.points * exact * rule.per_mille % whole else ""
        lines.append(f"{sum_} = {text(raw)} 分{rounded}")
        cap = str(facts.get("capped_by") or "")
        if cap in rule.caps:
            limit = rule.caps[cap]
            lines.append(f"{CAPS[cap][0]}上限 {text(limit)} 分，此前已计 {text(limit - points)} 分，这次只计 {text(points)} 分")
        lines.append(f"计 {text(points)} 分，先待公示")
    if minutes:
        lines.append(f"荣誉时长 {minutes} 分钟（只算计划时间以内的，兑换不会减少）")
    return lines


def _goods_on_paper(unit: Unit, act: Act) -> list[str]:
    facts: Any = act.facts
    text, lines, total = unit.book.settings.scale.text, [], 0
    for item in facts.get("items", ()):
        sku, pieces, price = item["sku"], item["quantity"], item["price_points"]
        total += pieces * price
        lines.append(f"{goods.good_name(unit, sku) or sku} {pieces} 件 × {text(price)} 分 = {text(pieces * price)} 分")
    if len(lines) > 1:
        lines.append(f"合计 {text(total)} 分")
    paid = [(lot_of(p.account.path), -p.amount) for p in act.postings if p.account.commodity == PTS and p.amount < 0]
    return [*lines, *(f"从批次 {lot} 付 {text(amount)} 分（先到期的先用）" for lot, amount in paid)]


def _lots_on_paper(unit: Unit, act: Act) -> list[str]:
    lines, zone = [], unit.book.settings.zone
    days = replaying.lot_days(unit, [p.account.path for p in act.postings if p.account.family_name == "wallet"])
    for posting in act.postings:
        family, path, amount = posting.account.family_name, posting.account.path, unit.book.settings.scale.text(abs(posting.amount))
        if family == "debt" and posting.amount > 0:
            lines.append(f"先抵欠分 {amount} 分")
        elif family == "wallet":
            until = f"，{last_day(instant(days[path]), zone)} 24:00 到期" if days.get(path) is not None else "，长期有效"
            lines.append(f"批次 {lot_of(path)} {'转入可用' if posting.amount > 0 else '清零'} {amount} 分{until}")
    return lines


# -- basis, people, postings, links ------------------------------------------------------------------------------------------------
def _basis(unit: Unit, act: Act) -> dict[str, Any]:
    """The rule version and the evidence."""
    told: dict[str, Any] = {}
    rule = service.rule(unit, act.rule, act.rule_version) if act.rule else None
    if act.rule:
        told["rule"] = {"id": act.rule, "version": act.rule_version, "name": rule.name if rule else "", "clause": act.clause}
    if act.evidence:
        told["evidence"] = {"reference": act.evidence, **_level(act), **_activity(unit, act)}
    return told


def _level(act: Act) -> dict[str, Any]:
    words = EVIDENCE.get(act.evidence_level)
    return {"level": act.evidence_level, "level_words": words[0]} if words else {}


def _activity(unit: Unit, act: Act) -> dict[str, Any]:
    """The activity, and when the person came and left."""
    zone = ZoneInfo(unit.book.settings.zone)
    if not act.evidence.startswith("activity:"):
        return {}
    found = service.activity(unit, act.evidence.removeprefix("activity:"))
    mine = service.attendance(unit, str(act.facts.get("attendance", "")))
    told: dict[str, Any] = {}
    if found is not None:
        told |= {"activity": found.name, "code": found.code}
        told |= {"starts_at": found.starts_at.astimezone(zone).isoformat(), "ends_at": found.ends_at.astimezone(zone).isoformat()}
    if mine is not None:
        left = mine.left_at.astimezone(zone).isoformat() if mine.left_at else None
        told |= {"came_at": mine.came_at.astimezone(zone).isoformat(), "left_at": left, "flags": mine.flags.split()}
    return told


def _people(act: Act) -> list[str]:
    owners = [holder_of(posting.account.path) for posting in act.postings]
    return [id for id in (act.actor, act.second_actor, act.subject, act.on_behalf_of, act.collected_by, *owners) if id]


def _who(act: Act, names: dict[str, str]) -> dict[str, dict[str, str]]:
    columns = ("actor", "second_actor", "subject", "on_behalf_of", "collected_by")
    return {name: {"id": id, "name": names.get(id, id)} for name in columns if (id := getattr(act, name))}


def _posting(unit: Unit, path: str, commodity: str, amount: int, names: dict[str, str]) -> dict[str, Any]:
    owner = names.get(holder_of(path), "")
    number = unit.book.settings.scale.number(amount) if commodity == PTS else amount
    return {"account": path, "name": f"{owner}{'的' if owner else ''}{family_words(path)}", "commodity": commodity, "amount": number}


def _links(unit: Unit, found: WholeAct) -> dict[str, Any]:
    act, zone = found.act, ZoneInfo(unit.book.settings.zone)
    links: dict[str, Any] = {name: getattr(act, name) for name in ("reverses", "resolves", "batch") if getattr(act, name)}
    for follower in found.followers:
        name = "reversed_by" if follower.how == "reverses" else "resolved_by"
        at = follower.at.astimezone(zone).isoformat()
        links[name] = {"entry": follower.id, "kind": follower.kind, "what": kind_words(follower.kind), "at": at}
    return links | ({"receipt": act.facts["receipt"]} if act.kind == "handed_over" and "receipt" in act.facts else {})


def _seal(unit: Unit, found: WholeAct) -> dict[str, Any]:
    """Its place in the sealed tree and the latest head; nothing while it waits."""
    if found.leaf_index is None:
        return {"leaf_index": None, "head": None}
    return {"leaf_index": found.leaf_index, "head": trail.latest(unit.book, unit).document()}
