"""From who came and what was opened to the plain values the organiser's templates receive."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from ledger.domain.earning import Rule
from ledger.storage.rollcall import Listed
from ledger.storage.service import Activity, Attendance
from ledger.usecases.view_activity import Came, Roll
from ledger.web import gate
from ledger.web.public.telling import clock, day, hours, local, points, served, span


def listed(one: Listed) -> dict[str, Any]:
    """An activity as a row: title, when and where, how many came, what waits, and whether it runs now."""
    found = one.activity
    now = gate.now()
    state = "now" if found.starts_at <= now < found.ends_at else "over" if found.ends_at <= now else "next"
    return {
        "id": found.id,
        "title": found.name,
        "when": span(found.starts_at, found.ends_at),
        "where": " · ".join(part for part in (one.area, found.place) if part),
        "count": count_words(one.present, found.capacity),
        "waiting": one.waiting,
        "state": state,
        "href": url_for("organiser.activity", id=found.id),
        "screen_href": url_for("organiser.screen", id=found.id),
    }


def facts(roll: Roll) -> list[dict[str, str]]:
    """When, where, which rule, how many."""
    found = roll.activity
    return [
        {"label": _("时间"), "value": span(found.starts_at, found.ends_at)},
        {"label": _("地点"), "value": " · ".join(part for part in (roll.area, found.place) if part)},
        {"label": _("积分"), "value": rule_words(roll.rule)},
        {"label": _("签到"), "value": count_words(roll.present, found.capacity)},
    ]


def rule_words(rule: Rule) -> str:
    """每次活动5分（条款）: the rule's name with its clause, and caps if it has any."""
    spans = {"event": _("单次"), "day": _("每日"), "quarter": _("每季"), "year": _("每年"), "life": _("终身")}
    caps = "，".join(_("%(span)s上限%(n)s分", span=spans[name], n=points(steps)) for name, steps in sorted(rule.caps.items()))
    return f"{rule.name}（{rule.clause}{'，' + caps if caps else ''}）"


def count_words(present: int, capacity: int | None) -> str:
    return str(_("%(n)s / %(all)s人", n=present, all=capacity) if capacity else _("%(n)s人", n=present))


def came_row(came: Came) -> dict[str, Any]:
    """Somebody who came as a row of the list."""
    mine = came.attendance
    kind, word = state_words(mine)
    return {
        "id": mine.id,
        "name": came.person,
        "tail": came.card_tail,
        "came": clock(mine.came_at),
        "left": clock(mine.left_at) if mine.left_at else "",
        "minutes": hours(mine.minutes) if mine.minutes else "",
        "points": points(mine.points) if mine.points else "",
        "evidence": evidence_words(mine.evidence_level),
        "flags": flag_words(mine),
        "chip": kind,
        "state": word,
        "href": url_for("organiser.attendance", id=mine.id),
    }


def approval_row(came: Came, activity: str) -> dict[str, Any]:
    """A row of approval_list: flagged ones one by one, one's own never."""
    mine = came.attendance
    flags = flag_words(mine)
    state = "own" if came.is_own or came.is_recorder else "flagged" if flags else "clean"
    return {
        "id": mine.id,
        "title": _("%(who)s 卡尾%(tail)s %(what)s", who=came.person, tail=came.card_tail, what=activity),
        "sub": _("%(at)s到，%(how)s", at=clock(mine.came_at), how=evidence_words(mine.evidence_level)),
        "amount": "",
        "state": state,
        "why": "；".join(flags) if state == "flagged" else _("自己的，或自己记的，要别人批。"),
        "href": url_for("organiser.attendance", id=mine.id),
    }


def attendance_facts(roll: Roll, came: Came) -> list[dict[str, str]]:
    """Everything an approver weighs."""
    mine = came.attendance
    return [
        {"label": _("活动"), "value": f"{roll.activity.name} {span(roll.activity.starts_at, roll.activity.ends_at)}"},
        {"label": _("到"), "value": clock(mine.came_at)},
        {"label": _("走"), "value": clock(mine.left_at) if mine.left_at else _("没签退")},
        {"label": _("凭据"), "value": evidence_words(mine.evidence_level)},
        {"label": _("规则要"), "value": evidence_words(roll.rule.min_evidence)},
        {"label": _("谁记的"), "value": came.recorded_by or _("系统")},
        {"label": _("时长"), "value": served(mine.minutes) if mine.minutes else _later(mine)},
        {"label": _("积分"), "value": _("%(n)s分", n=points(mine.points)) if mine.points else _later(mine)},
    ]


def flag_words(mine: Attendance) -> list[str]:
    """What an approver should look at before saying yes."""
    words = {
        "far_away": _("签到时离现场远"),
        "late": _("记到下一季"),
        "closed_at_planned_end": _("没签退，按计划结束记"),
        "no_sign_in": _("纸表没写到的时间"),
        "no_sign_out": _("纸表没写走的时间"),
    }
    return [words.get(flag, flag) for flag in mine.flags.split()]


def evidence_words(level: int) -> str:
    """L2 现场扫码."""
    return f"L{level} {[_('自己填报'), _('扫海报'), _('现场扫码'), _('扫码加会签')][level]}"


def state_words(mine: Attendance) -> tuple[str, str]:
    """(kind of chip, word) for how an attendance stands."""
    words = {
        "in": ("chosen", _("在现场")),
        "out": ("done", _("已签退")),
        "waiting": ("waiting", _("等人批")),
        "approved": ("done", _("已批")),
        "rejected": ("refused", _("退回")),
    }
    return words.get(mine.state, ("plain", mine.state))


def dated(found: Activity) -> str:
    """10月12日 14:00—15:00: on paper and on a wall nobody knows which day 今天 was."""
    first, last = local(found.starts_at).date(), local(found.ends_at).date()
    ends = clock(found.ends_at) if first == last else f"{day(last)} {clock(found.ends_at)}"
    return f"{day(first)} {clock(found.starts_at)}—{ends}"


def _later(mine: Attendance) -> str:
    """When minutes and points will be known."""
    return str({"waiting": _("批准时算"), "in": _("签退时算")}.get(mine.state, "—"))
