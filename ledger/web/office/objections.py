"""Objections to lines of a notice: what waits for an answer, and answering it. Whoever recorded or approved a line does not judge it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger.domain.errors import LedgerError, NotFound
from ledger.domain.people import mask_name
from ledger.storage import journal, people, service
from ledger.storage import objections as store
from ledger.storage.unit_of_work import Unit
from ledger.usecases.decide_objection import decide_objection
from ledger.usecases.view_notice import objection_for_officers
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.office.forms import DecisionForm
from ledger.web.office.place import READERS, ROWS, blueprint, day, href, moment, page, points, today, turned, writes
from ledger.web.office.words import OBJECTIONS

STATES: Final = ("open", "upheld", "refused")


@blueprint.get("/objections")
@gate.allow(*READERS)
def objections() -> Response:
    """Objections of one state, the open ones by default."""
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    after = request.args.get("after", "")[:40]

    def find(unit: Unit) -> list[dict[str, Any]]:
        found = store.objections(unit, state=state, after=after, most=ROWS + 1)
        return [objection_for_officers(unit, one) for one in found]

    found = gate.book().read(find)
    shown = found[:ROWS]
    return page(
        "objections.html",
        title=_("异议"),
        current="objections",
        rows=[_row(one) for one in shown],
        states=[{"label": OBJECTIONS[name], "href": href("objections", state=name), "current": name == state} for name in STATES],
        next=turned("objections", after=shown[-1]["tracking"]) if len(found) > ROWS else "",
    )


@blueprint.get("/objections/<tracking>")
@gate.allow(*READERS)
def objection(tracking: str) -> Response:
    return objection_page(tracking)


@blueprint.post("/objections/<tracking>")
@gate.allow("officer")
def decide(tracking: str) -> Response:
    """Let the line stand or void it, with words for whoever objected."""
    form = DecisionForm()
    if not form.validate():
        return objection_page(tracking, form=form, status=422)
    said = {"outcome": str(form.outcome.data), "answer": form.answer.data or ""}
    try:
        decide_objection(gate.book(), page_request("decide_objection", {"tracking": tracking, **said}), tracking=tracking, **said)
    except NotFound:
        raise
    except LedgerError as error:
        return objection_page(tracking, form=form, error=error)
    flash(_("%(tracking)s已答复。", tracking=tracking), "done")
    return redirect(href("objection", tracking=tracking), 303)  # type: ignore[return-value]


def objection_page(tracking: str, *, form: DecisionForm | None = None, error: LedgerError | None = None, status: int = 200) -> Response:
    values = gate.book().read(lambda unit: _values(unit, tracking))
    is_officer = writes("officer")
    return page(
        "objection.html",
        title=_("异议 %(tracking)s", tracking=tracking),
        current="objections",
        error=error,
        status=status,
        **values,
        form=form or DecisionForm(formdata=None),
        kept_key=optional_key(),
        may_write=is_officer and values["objection"]["is_open"],
        shows_contact=is_officer,
    )


def _values(unit: Unit, tracking: str) -> dict[str, Any]:
    """The objection, and the line it is about. Raises NotFound."""
    found = store.objection(unit, tracking)
    line = store.line(unit, found.cycle, found.line) if found else None
    if found is None or line is None:
        raise NotFound("objection")
    told = objection_for_officers(unit, found)
    holder = people.holder(unit, line.holder)
    earned = journal.act_by_id(unit, line.earned_act)
    activity = service.activity(unit, earned.evidence.removeprefix("activity:")) if earned else None
    return {
        "objection": {**_row(told), "contact": told["contact"], "answer": told["answer"]},
        "line": {
            "who": mask_name(holder.name) if holder else "",
            "who_href": href("person", id=line.holder),
            "points": points(line.points),
            "minutes": line.minutes,
            "activity": activity.name if activity else "",
            "href": href("entry", id=line.earned_act),
        },
    }


def _row(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "tracking": told["tracking"],
        "href": href("objection", tracking=told["tracking"]),
        "line": told["line"],
        "state": OBJECTIONS[told["state"]],
        "is_open": told["state"] == "open",
        "filed": moment(datetime.fromisoformat(told["filed_at"])),
        "answer_by": day(date.fromisoformat(told["answer_by"])),
        "is_late": told["state"] == "open" and date.fromisoformat(told["answer_by"]) <= today(),
        "decided": moment(datetime.fromisoformat(told["decided_at"])) if told["decided_at"] else "",
        "reason": told["reason"],
    }
