"""What an officer sees first: what is due, where the quarter stands, its numbers, and whether the machinery runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response, redirect
from flask_babel import gettext as _

from ledger.domain.act import instant
from ledger.domain.cycle import Cycle, last_day
from ledger.storage import batches, journal_pages, statements
from ledger.storage import cycles as store
from ledger.storage.unit_of_work import Unit
from ledger.web import gate
from ledger.web.office import timeline
from ledger.web.office.imports import batch_words
from ledger.web.office.place import (
    EVERYBODY,
    READERS,
    as_of,
    blueprint,
    called,
    day,
    figure,
    href,
    link_to,
    moment,
    page,
    points,
    today,
    writes,
    yuan,
)
from ledger.web.office.words import STATES, TOTALS

ORGANISERS_PLACE: Final = "organiser.today"
APPROVALS: Final = "organiser.waiting"
SEALING_LATE: Final = timedelta(minutes=5)
IMPORTS_SHOWN: Final = 3
LIVE: Final = ("noticed", "redeeming", "reconciling", "frozen", "earning", "draft", "sealed")
"""Which quarter the page is about: the one in which something happens that residents wait for."""


@blueprint.get("")
@gate.allow("organiser", *EVERYBODY)
def today_page() -> Response | Any:
    """Today. Organisers who are nothing else have a place of their own."""
    if not writes(*EVERYBODY):
        return redirect(link_to(ORGANISERS_PLACE) or "/sign-out", 303)
    if not writes(*READERS):
        machinery = gate.book().read(_machinery)
        return page(
            "today.html",
            title=_("今天"),
            current="today_page",
            sub=day(today()),
            todo=[],
            main=None,
            others=[],
            batches=[],
            machinery=machinery,
        )
    return page("today.html", title=_("今天"), current="today_page", sub=_sub(), **gate.book().read(_today))


def _sub() -> str:
    return f"{gate.book_settings().name}　{day(today())} {timeline.weekday(today())}"


def _today(unit: Unit) -> dict[str, Any]:
    known = [cycle for cycle, _preset in store.all_cycles(unit)]
    latest_first = list(reversed(known))
    ordered = sorted(latest_first, key=lambda cycle: LIVE.index(cycle.state))
    found = batches.latest(unit, IMPORTS_SHOWN)
    names = called(unit, [batch.actor for batch in found])
    return {
        "main": _quarter(unit, ordered[0]) if ordered else None,
        "others": [
            {"name": one.name, "state": STATES[one.state], "href": href("cycle", name=one.name)}
            for one in ordered[1:]
            if one.state != "sealed"
        ],
        "todo": _todo(unit, known),
        "machinery": _machinery(unit),
        "batches": [batch_words(batch, names) for batch in found],
        "is_empty": not known and not found,
    }


def _quarter(unit: Unit, cycle: Cycle) -> dict[str, Any]:
    """The quarter's timeline and numbers."""
    acts = journal_pages.steps_of_cycle(unit, cycle.name)
    names = called(unit, [id for act in acts for id in (act.actor, act.second_actor) if id])
    totals = statements.cycle_totals(unit, cycle.name)
    return {
        "name": cycle.name,
        "state": STATES[cycle.state],
        "href": href("cycle", name=cycle.name),
        "steps": timeline.steps(cycle, acts, names, now=gate.now(), zone=unit.book.settings.zone),
        "totals": [
            {"label": label, "counts": counts, "value": points(totals[key])}
            for key, (label, counts) in TOTALS.items()
            if key != "lapsed" or totals[key]
        ],
        "as_of": as_of(),
        "worth": yuan(journal_pages.shelf_worth(unit)),
    }


def _todo(unit: Unit, known: list[Cycle]) -> list[dict[str, Any]]:
    """What is due, the urgent first."""
    items = []
    for cycle in known:
        if timeline.overdue(cycle, gate.now()):
            to, word = timeline.next_words(cycle)
            items.append(
                _item(_("%(name)s 该走到“%(state)s”了", name=cycle.name, state=word), "cycle", _("去办"), urgent=True, name=cycle.name)
            )
    count, first = journal_pages.open_objections(unit)
    if count:
        sub = _("最早一条%(day)s到期", day=day(last_day(first, unit.book.settings.zone))) if first else ""
        items.append(_item(_("%(n)s条异议等答复", n=count), "objections", _("去答复"), sub=sub, urgent=_is_soon(first)))
    count, first = journal_pages.waiting_attendances(unit)
    if count:
        item = _item(_("%(n)s条服务记录等人批", n=count), "journal", _("去看"), sub=_("最早的是%(at)s", at=moment(first)), kinds="service")
        items.append({**item, "action": {**item["action"], "href": link_to(APPROVALS) or item["action"]["href"]}})
    return sorted(items, key=lambda item: not item["urgent"])


def _item(text: str, endpoint: str, label: str, *, sub: str = "", urgent: bool = False, **values: Any) -> dict[str, Any]:
    return {"text": text, "sub": sub, "urgent": urgent, "action": {"href": href(endpoint, **values), "label": label}}


def _is_soon(at: datetime | None) -> bool:
    return at is not None and at <= gate.now() + timedelta(days=1)


def _machinery(unit: Unit) -> dict[str, Any]:
    """Whether steps run and acts are sealed."""
    waiting, since = journal_pages.unsealed(unit)
    ran = journal_pages.last_run(unit)
    before, _arrow, after = str(ran[0]).partition("->") if ran else ("", "", "")
    return {
        "waiting": figure(waiting),
        "since": moment(since),
        "is_late": since is not None and since + SEALING_LATE < gate.now(),
        "ran": f"{ran[1]} {STATES.get(before, before)} → {STATES.get(after, after)}" if ran else "",
        "ran_at": moment(instant(ran[2])) if ran and ran[2] else "",
    }
