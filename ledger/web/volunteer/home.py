"""The first thing a resident sees: the number, the next date, one thing to do (wireframe W1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _

from ledger.domain.act import micros
from ledger.domain.cycle import Cycle
from ledger.domain.lot import Lot
from ledger.passes.signing import ACTIVITY_CODE, POSTER
from ledger.storage import cycles, goods, residents, service, statements
from ledger.storage.goods import Station
from ledger.storage.service import Activity
from ledger.storage.statements import Balance
from ledger.storage.unit_of_work import Unit
from ledger.usecases.choose_mode import ELDER, choose_mode
from ledger.usecases.view_hold import HoldView, open_holds
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.public import frame, telling, tickets
from ledger.web.public.frame import Resident
from ledger.web.refusing import local_path
from ledger.web.volunteer import lines

LAPSE_DAYS: Final = 30
RECENT: Final = 3
STATIONS: Final = 2
ACTIVITIES: Final = 3

blueprint = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page is made of, read in one unit."""

    resident: Resident
    balance: Balance
    pending: list[Lot]
    cycles: list[Cycle]
    activities: list[Activity]
    stations: list[Station]
    holds: list[HoldView]
    recent: list[dict[str, Any]]
    serving: str


@blueprint.get("/me")
@gate.signed_in
def home() -> Response:
    seen = gate.book().read(_read)
    balance = balance_values(seen)
    return frame.page(
        "volunteer/home.html",
        title=_("我的积分"),
        tab="home",
        balance=balance,
        upcoming=[*_holds(seen), *_activities(seen), *_stations(seen)],
        recent=seen.recent,
        message=_message(seen),
        work=work_places(),
    )


@blueprint.post("/me/mode")
@gate.signed_in
def mode() -> Response:
    """长者模式 on or off, for the person and not for the phone; then back to where they were."""
    person = gate.actor().person
    choose_mode(gate.book(), unkeyed_request("choose_mode"), person=person, elder=request.form.get("mode") == ELDER)
    return redirect(local_path(request.form.get("next", "/me")), 303)  # type: ignore[return-value]


def balance_values(seen: Seen) -> dict[str, Any]:
    """The arguments of the balance card."""
    balance = seen.balance
    return {
        "spendable": telling.points(balance.spendable),
        "pending": telling.points(balance.pending),
        "held": telling.points(balance.held),
        "debt": telling.points(balance.debt),
        "next_date": _next_date(balance, seen.pending, seen.cycles),
        "lapse": _lapse(balance),
        "zero_hint": _zero_hint(seen.activities),
    }


def work_places() -> list[dict[str, str]]:
    """Where a resident who also works here goes on from."""
    actor = gate.actor()
    places = (
        (("keeper",), _("去发放台"), "/station", "station"),
        (("organiser",), _("办活动"), "/organiser", "activity"),
        (("officer", "auditor", "admin"), _("去办公"), "/office", "chart"),
    )
    return [{"title": label, "href": href, "icon": icon} for roles, label, href, icon in places if actor.has(*roles)]


def _read(unit: Unit) -> Seen:
    resident = frame.me(unit)
    now = gate.now()
    balance = statements.balance(unit, resident.id, now)
    newest = residents.latest(unit, resident.id, most=RECENT).lines
    attended = unit.rows(service.ATTENDANCES_OF, person=resident.id, most=1)
    is_serving = bool(attended) and attended[0][2] == "in" and attended[0][8] > micros(now)
    return Seen(
        resident,
        balance,
        goods.lots(unit, "pending", resident.id),
        [cycle for cycle, _carry_over in cycles.all_cycles(unit)],
        service.activities(unit, since=now, area=resident.pool, most=ACTIVITIES),
        residents.stations_of(unit, resident.pool, STATIONS),
        open_holds(unit, resident.id),
        lines.rows(unit, newest),
        attended[0][1] if is_serving else "",
    )


def _next_date(balance: Balance, pending: list[Lot], known: list[Cycle]) -> str:
    """The next date that matters to this person: when pending points become spendable, else how long goods can be fetched."""
    ahead = [c for c in known if c.state in ("earning", "frozen", "noticed") and c.notice_ends_at > gate.now()]
    if balance.pending:
        return _becomes_spendable(pending, ahead, balance)
    open_now = [c.redeem_until for c in known if c.state == "redeeming" and c.redeem_until is not None and c.redeem_until > gate.now()]
    if open_now and not balance.spendable:
        return ""
    if open_now:
        return str(_("%(day)s24:00前可以到站点领物品", day=telling.day(telling.end_of(max(open_now)))))
    if ahead:
        return str(_("%(day)s起可以到站点领物品", day=telling.day(telling.end_of(ahead[0].notice_ends_at) + timedelta(days=1))))
    return ""


def _becomes_spendable(pending: list[Lot], ahead: list[Cycle], balance: Balance) -> str:
    for cycle in ahead:
        amount = sum(lot.remaining for lot in pending if lot.cycle == cycle.name)
        if amount:
            day = telling.day(telling.end_of(cycle.notice_ends_at))
            return str(_("%(day)s公示结束，%(n)s分转为可用", day=day, n=telling.points(amount)))
    return str(_("公示已结束，%(n)s分正在转为可用", n=telling.points(balance.pending)))


def _lapse(balance: Balance) -> str:
    soon = [lot for lot in balance.lots if lot.expires_at is not None and lot.expires_at <= gate.now() + timedelta(days=LAPSE_DAYS)]
    if not soon or soon[0].expires_at is None:
        return ""
    first = soon[0].expires_at
    amount = sum(lot.remaining for lot in soon if lot.expires_at == first)
    return str(_("%(day)s24:00前有%(n)s分到期，请先用", day=telling.day(telling.end_of(first)), n=telling.points(amount)))


def _zero_hint(activities: list[Activity]) -> str:
    if not activities:
        return str(_("参加活动签到，就会记分。"))
    first = activities[0]
    return str(_("下一次活动是%(when)s，%(name)s。", when=telling.moment(first.starts_at), name=first.name))


def _message(seen: Seen) -> dict[str, Any] | None:
    """One message at most: a scan that still waits, else the service that is running."""
    ticket = tickets.latest()
    if ticket is not None and ticket.purpose in (ACTIVITY_CODE, POSTER):
        action = {"href": f"/q/{ticket.text}", "label": str(_("回去接着办"))}
        return {
            "kind": "waiting",
            "text": str(_("您刚扫的码还给您留着，%(at)s前有效。", at=telling.clock(tickets.ends_at(ticket)))),
            "action": action,
        }
    if seen.serving:
        return {"kind": "note", "text": str(_("您正在“%(name)s”服务。走之前再扫一次同一张码。", name=seen.serving))}
    return None


def _holds(seen: Seen) -> list[dict[str, str]]:
    return [
        {
            "title": str(_("已预留：%(what)s", what=lines.goods_words(view.lines))),
            "sub": lines.fetch_words(view),
            "href": f"/me/holds/{view.hold.id}",
        }
        for view in seen.holds
    ]  # fmt: skip


def _activities(seen: Seen) -> list[dict[str, str]]:
    return [
        {"title": f"{telling.span(a.starts_at, a.ends_at)} {a.name}", "sub": a.place or a.host, "href": f"/activities/{a.id}"}
        for a in seen.activities
    ]


def _stations(seen: Seen) -> list[dict[str, str]]:
    return [
        {"title": s.name, "sub": " · ".join(part for part in (s.hours, s.address) if part), "href": f"/stations/{s.code}"}
        for s in seen.stations
    ]
