"""The public notice (wireframe W5): masked lines, one's own line by its number or a card's last digits, and objecting to a line."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField

from ledger import boundary
from ledger.audit import trail
from ledger.domain.cycle import Cycle
from ledger.domain.errors import InvalidInput, LedgerError, NotFound
from ledger.storage import cycles, residents
from ledger.storage.goods import Station
from ledger.storage.unit_of_work import Unit
from ledger.usecases.object_to_line import object_to_line
from ledger.usecases.view_notice import notice_document, objection_document
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public import frame, telling
from ledger.web.public.receipts import grouped
from ledger.web.public.sums import sum_of_line
from ledger.web.refusing import sentence_of

PAGE: Final = 40
STATES: Final = {"noticed": "posted", "reviewing": "reviewing", "voided": "corrected", "settled": "settled"}
OPEN_LINES: Final = ("noticed", "reviewing")
NUMBER: Final = re.compile(r"(?:[0-9]{4}Q[1-4]-)?([0-9]{1,9})", re.IGNORECASE)

blueprint = Blueprint("notices", __name__)


class ObjectionForm(FlaskForm):
    """Why, and how to be answered if one wishes. What may stand in them is checked by `object_to_line`."""

    class Meta:
        csrf = False  # checked before every form's view (headers.install)

    reason = TextAreaField()
    contact = StringField()


@blueprint.get("/notice")
@blueprint.get("/notices", endpoint="notices_also")
@gate.everyone
def notices() -> Response:
    """Every published notice, the newest first, by community."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        published = [cycle for cycle, _preset in cycles.all_cycles(unit) if cycle.noticed_at is not None]
        documents = [notice_document(unit, cycle.name, most=1) for cycle in reversed(published)]
        return {
            "notices": [
                _listed(document, cycle, resident.pool if resident else "")
                for document, cycle in zip(documents, reversed(published), strict=True)
            ]
        }

    return frame.page("public/notices.html", title=_("积分公示"), tab="notice", **gate.book().read(read))


@blueprint.get("/notice/<string:cycle>")
@blueprint.get("/notice/<string:cycle>/<string:pool>", endpoint="of_pool")
@gate.everyone
def notice(cycle: str, pool: str = "") -> Response:
    text = request.args.get("line", "").strip()[:40]
    after = _after(request.args.get("after", ""))
    values = gate.book().read(lambda unit: _notice(unit, cycle, pool, text, after))
    return frame.page("public/notice.html", tab="notice", title=values["head"]["title"], proof=_proof(), **values)


@blueprint.get("/notice/<string:cycle>/lines/<int:number>")
@gate.everyone
def line(cycle: str, number: int) -> Response:
    """One line: its sum, and the form for objecting to it while the notice hangs."""
    return _line_page(cycle, number)


@blueprint.post("/notice/<string:cycle>/lines/<int:number>")
@gate.everyone
def object_(cycle: str, number: int) -> Response:
    form = ObjectionForm()
    reason, contact = (form.reason.data or "").strip(), (form.contact.data or "").strip()
    body = {"line": f"{cycle}-{number}", "reason": reason, "contact": contact}
    try:
        answer = object_to_line(gate.book(), page_request("object_to_line", body), **body, address=request.remote_addr or "")
    except LedgerError as error:
        return _line_page(cycle, number, error, reason, contact)
    day = telling.day(date.fromisoformat(answer["answer_by"]))
    words = _("已收到，编号%(no)s。这一行先不结，%(day)s前答复。您的姓名不公开。", no=answer["tracking"], day=day)
    flash(words, "done")
    return redirect(f"/objections/{answer['tracking']}", 303)  # type: ignore[return-value]


@blueprint.get("/objections")
@gate.everyone
def objections_() -> Response:
    """Where the number of an objection is typed."""
    text = request.args.get("tracking", "").strip()[:40]
    if text:
        return redirect(f"/objections/{text.upper()}", 303)  # type: ignore[return-value]
    gate.book().read(frame.me_or_none)
    return frame.page("public/objections.html", title=_("查异议"), tab="notice")


@blueprint.get("/objections/<string:tracking>")
@gate.everyone
def objection(tracking: str) -> Response:
    """What came of an objection; never who objected, nor why."""

    def read(unit: Unit) -> dict[str, Any]:
        frame.me_or_none(unit)
        return objection_document(unit, tracking)

    found = gate.book().read(read)
    cycle, _dash, number = found["line"].partition("-")
    return frame.page(
        "public/objection.html",
        title=_("异议%(no)s", no=found["tracking"]),
        tab="notice",
        tracking=found["tracking"],
        state=found["state"],
        line_href=f"/notice/{cycle}/lines/{int(number)}",
        line_no=number,
        quarter=telling.quarter(cycle),
        filed=telling.moment(datetime.fromisoformat(found["filed_at"]), near=False),
        answer_by=telling.day(date.fromisoformat(found["answer_by"])),
        decided=telling.moment(datetime.fromisoformat(found["decided_at"]), near=False) if found["decided_at"] else "",
    )


def _notice(unit: Unit, name: str, pool: str, text: str, after: int) -> dict[str, Any]:
    resident = frame.me_or_none(unit)
    document = notice_document(unit, name, pool=pool, after=after, most=PAGE + 1)
    if pool and all(p["pool"] != pool for p in document["pools"]):
        raise NotFound("notice")
    cycle = _cycle(unit, name)
    mine = set(residents.notice_lines_of(unit, name, resident.id)) if resident else set()
    is_withdrawn = _is_withdrawn(cycle)
    found = [] if is_withdrawn else _found(unit, name, pool, text) if text else document["lines"]
    shown = found[:PAGE]
    here = f"/notice/{name}" + (f"/{pool}" if pool else "")
    return {
        "head": _head(document, cycle, pool),
        "find": {"action": here, "value": text},
        "rows": [_row(row, mine) for row in shown],
        "caption": _("按行号排列，姓名遮去一部分"),
        "total": {"lines": len(shown), "points": sum(row["points"] for row in shown)} if shown else None,
        "next": f"{here}?after={shown[-1]['number']}" if not text and len(found) > PAGE else "",
        "first": after == 0 or bool(text),
        "here": here,
        "pools": []
        if pool
        else [{"name": p["name"], "href": f"/notice/{name}/{p['pool']}", "lines": p["lines"]} for p in document["pools"]],
        "mine": [{"no": f"{number:04d}", "href": f"/notice/{name}/lines/{number}"} for number in sorted(mine)],
        "is_open": _is_open(cycle),
        "is_withdrawn": is_withdrawn,
        "stations": _places(residents.stations_of(unit, pool, 2)) if pool else [],
    }


def _found(unit: Unit, name: str, pool: str, text: str) -> list[dict[str, Any]]:
    """The lines that a number means: a line's, or those of the card that ends so."""
    number = NUMBER.fullmatch(text)
    if number is None:
        return []
    wanted = {int(number[1])}
    if len(number[1]) == 4:
        wanted |= set(residents.notice_lines_by_tail(unit, name, pool, number[1]))
    found = []
    for line_no in sorted(wanted):
        lines = notice_document(unit, name, pool=pool, after=line_no - 1, most=1)["lines"]
        found += [row for row in lines if row["number"] == line_no]
    return found


def _head(document: dict[str, Any], cycle: Cycle, pool: str) -> dict[str, Any]:
    """Whose notice, since when and until when, and how many lines."""
    of_pool = next((p for p in document["pools"] if p["pool"] == pool), None)
    place = of_pool["name"] if of_pool else gate.book_settings().name
    lines = of_pool["lines"] if of_pool else document["totals"]["lines"]
    filed = document["objections"]["filed"]
    answered = filed - document["objections"]["open"]
    counts = [_("共%(n)s行", n=lines)]
    if filed:
        counts += [_("异议%(n)s", n=filed), _("已答复%(n)s", n=answered)]
    assert cycle.noticed_at is not None
    first, last = telling.local(cycle.noticed_at).date(), telling.end_of(cycle.notice_ends_at)
    left = telling.days_left(cycle.notice_ends_at) if _is_open(cycle) else _("已撤下") if _is_withdrawn(cycle) else _("公示已结束")
    title = _("%(place)s %(quarter)s 积分公示", place=place, quarter=telling.quarter(cycle.name))
    return {"title": title, "dates": telling.days(first, last), "left": left, "counts": counts}


def _listed(document: dict[str, Any], cycle: Cycle, own: str) -> dict[str, Any]:
    head = _head(document, cycle, "")
    pools = sorted(document["pools"], key=lambda p: (p["pool"] != own, p["name"]))
    return {
        "title": telling.quarter(cycle.name),
        "dates": head["dates"],
        "left": head["left"],
        "is_open": _is_open(cycle),
        "counts": head["counts"],
        "pools": [
            {"name": p["name"], "href": f"/notice/{cycle.name}/{p['pool']}", "lines": p["lines"], "own": p["pool"] == own} for p in pools
        ],
    }


def _row(row: dict[str, Any], mine: set[int]) -> dict[str, Any]:
    cycle, _dash, _number = row["line"].partition("-")
    return {
        "no": f"{row['number']:04d}",
        "name": row["name"],
        "tail": row["card_tail"],
        "hours": telling.hours(row["minutes"]),
        "points": row["points"],
        "state": STATES[row["state"]],
        "href": f"/notice/{cycle}/lines/{row['number']}",
        "mine": row["number"] in mine,
    }


def _line_page(name: str, number: int, error: LedgerError | None = None, reason: str = "", contact: str = "") -> Response:
    values = gate.book().read(lambda unit: _line(unit, name, number))
    return frame.page(
        "public/notice_line.html",
        title=_("公示第%(no)s行", no=f"{number:04d}"),
        tab="notice",
        status=boundary.http_status(error) if error else 200,
        error=sentence_of(error) if error else "",
        reason=reason[:600],
        contact=contact[:200],
        key=optional_key() or new_request_key(),
        **values,
    )


def _line(unit: Unit, name: str, number: int) -> dict[str, Any]:
    resident = frame.me_or_none(unit)
    lines = notice_document(unit, name, after=number - 1, most=1, to_its_owner=True)["lines"]
    if not lines or lines[0]["number"] != number:
        raise NotFound("line")
    row, cycle = lines[0], _cycle(unit, name)
    holder, earning = residents.behind_notice_line(unit, name, number)
    if _is_withdrawn(cycle) and (resident is None or resident.id != holder):
        raise NotFound("line")
    earned = residents.line(unit, holder, earning)
    at = datetime.fromisoformat(row["at"]) if row["at"] else None
    return {
        "row": _row(row, set()),
        "activity": row["activity"],
        "at": telling.moment(at, near=False) if at else "",
        "sum": sum_of_line(unit, earned) if earned else None,
        "quarter": telling.quarter(name),
        "back_href": f"/notice/{name}/{row['pool']}",
        "action": f"/notice/{name}/lines/{number}",
        "can_object": _is_open(cycle) and row["state"] in OPEN_LINES,
        "ends_on": telling.day(telling.end_of(cycle.notice_ends_at)),
        "stations": _places(residents.stations_of(unit, row["pool"], 2)),
    }


def _cycle(unit: Unit, name: str) -> Cycle:
    known = cycles.cycle(unit, name)
    if known is None:
        raise NotFound("cycle")
    return known[0]


def _is_open(cycle: Cycle) -> bool:
    return cycle.state == "noticed" and gate.now() < cycle.notice_ends_at


def _is_withdrawn(cycle: Cycle) -> bool:
    """A notice is taken down when its quarter is sealed: by then every line was settled, and names have hung long enough."""
    return cycle.state == "sealed"


def _proof() -> dict[str, str] | None:
    """The book's head as it stands now, so that a copy of it leaves the district with whoever looks."""
    try:
        head = trail.head(gate.book())
    except NotFound:
        return None
    return {"head": grouped(head.root), "at": telling.moment(datetime.fromisoformat(head.signed_at), near=False)}


def _places(stations: list[Station]) -> list[dict[str, str]]:
    return [{"name": s.name, "hours": s.hours, "address": s.address} for s in stations]


def _after(text: str) -> int:
    if not re.fullmatch(r"[0-9]{0,9}", text):
        raise InvalidInput("after")
    return int(text or 0)
