"""A quarter as officers see it: every step with its date, who did it or how many people it needs, and the quarter that comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from ledger.domain.cycle import STATES, Cycle, due_at, last_day, local_date, next_state
from ledger.storage.journal_pages import JournalLine
from ledger.usecases.advance_cycle import MOVES_POINTS
from ledger.web.office.place import day, moment
from ledger.web.office.words import STATES as STATE_WORDS
from ledger.web.office.words import STEPS


def steps(cycle: Cycle, acts: Sequence[JournalLine], names: Mapping[str, str], *, now: datetime, zone: str) -> list[dict[str, Any]]:
    """The steps of one quarter for `quarter_timeline`.

    Args: acts: its cycle_opened and cycle_stepped acts, oldest first. names: how actors are called.
    """
    taken = {json.loads(act.facts).get("to", ""): act for act in acts if act.kind == "cycle_stepped"}
    present = STATES.index(cycle.state)
    shown = []
    for state in STEPS:
        place = STATES.index(state)
        act = taken.get(state)
        mark = "now" if place == present and state != "sealed" else "done" if place <= present else "next"
        if mark == "done" and act is None and state != "earning":
            mark = "skipped"
        step = {"name": STEPS[state], "date": dates_of(cycle, state, zone), "state": mark, "people": "", "note": ""}
        if act is not None:
            step |= _done(act, names)
        elif mark == "next":
            step |= _needs(state)
        if mark == "now":
            step["note"] = "；".join(words for words in (_left(cycle, now, zone), step["note"]) if words)
        shown.append(step)
    return shown


def dates_of(cycle: Cycle, state: str, zone: str) -> str:
    """The local dates of a step in words: 10月11日—10月31日."""
    until = {name: last_day(at, zone) for name, at in _ends(cycle).items()}
    if state == "earning":
        return _span(cycle.starts_on, cycle.ends_on)
    if state == "frozen":
        return str(_("%(day)s 24:00", day=day(until["cutoff"])))
    if state == "noticed":
        begun = cycle.noticed_at or cycle.notice_from
        return _span(local_date(begun, zone), until["notice"])
    if state == "redeeming":
        return _span(local_date(cycle.notice_ends_at, zone), until.get("redeem"))
    if state == "reconciling":
        return _span(local_date(cycle.redeem_until, zone) if cycle.redeem_until else None, until.get("settle"))
    return day(local_date(cycle.settle_until, zone)) if cycle.settle_until else ""


def _ends(cycle: Cycle) -> dict[str, datetime]:
    found = {"cutoff": cycle.cutoff_at, "notice": cycle.notice_ends_at, "redeem": cycle.redeem_until, "settle": cycle.settle_until}
    return {name: at for name, at in found.items() if at is not None}


def _span(begins: date | None, ends: date | None) -> str:
    if begins is None or ends is None:
        return ""
    return day(begins) if begins == ends else f"{day(begins)}—{day(ends)}"


def _done(act: JournalLine, names: Mapping[str, str]) -> dict[str, str]:
    who = [names.get(id, id) for id in (act.actor, act.second_actor) if id]
    return {"people": _("2人") if act.second_actor else "", "note": _("%(at)s %(who)s", at=moment(act.at), who="、".join(who))}


def _needs(state: str) -> dict[str, str]:
    """How a step that is still to come happens."""
    people = _("到点自动；提前要2人") if state in MOVES_POINTS else _("到点自动；提前要1人")
    return {"people": people}


def _left(cycle: Cycle, now: datetime, zone: str) -> str:
    due = due_at(cycle)
    if due is None:
        return ""
    if due <= now:
        return str(_("已到点，等自动步骤"))
    days = (last_day(due, zone) - local_date(now, zone)).days
    return str(_("今天最后一天") if days <= 0 else _("还剩%(days)s天", days=days))


def overdue(cycle: Cycle, now: datetime) -> bool:
    """Whether the quarter's next step should have happened already."""
    due = due_at(cycle)
    return due is not None and due <= now


def next_words(cycle: Cycle) -> tuple[str, Any]:
    """(state, its word) that a hand would move the quarter to; empty when nothing follows."""
    if cycle.state == "sealed":
        return "", ""
    to = next_state(cycle.state)
    return to, STATE_WORDS[to]


def preview(cycle: Cycle, zone: str) -> list[dict[str, Any]]:
    """The dates of a quarter that is not open yet, each with its weekday and a word where it falls on a weekend."""
    rows = []
    for state, at in (
        ("frozen", last_day(cycle.cutoff_at, zone)),
        ("noticed", local_date(cycle.notice_from, zone)),
        ("redeeming", local_date(cycle.notice_ends_at, zone)),
        ("reconciling", local_date(cycle.redeem_until, zone) if cycle.redeem_until else None),
        ("sealed", local_date(cycle.settle_until, zone) if cycle.settle_until else None),
    ):
        if at is not None:
            weekend = at.weekday() >= 5
            rows.append({"name": STEPS[state], "dates": dates_of(cycle, state, zone), "weekday": weekday(at), "weekend": weekend})
    return rows


def weekday(on: date) -> str:
    return str((_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))[on.weekday()])
