"""Quarters: where each stands, moving one on by hand, what ran by itself, and the dates of the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger.domain.act import instant
from ledger.domain.cycle import STATES, Cycle, following, planned
from ledger.domain.errors import InvalidInput, LedgerError, NotFound, OtpRequired, RequestInFlight, SecondPersonRequired, Unauthenticated
from ledger.storage import cycles as store
from ledger.storage import journal_pages, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.advance_cycle import MOVES_POINTS, advance_cycle, tick
from ledger.usecases.request import Request
from ledger.usecases.second_person import second_person
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.office import timeline
from ledger.web.office.forms import AdvanceForm, SecondForm
from ledger.web.office.place import READERS, as_of, blueprint, called, href, moment, page, points, writes
from ledger.web.office.words import STATES as STATE_WORDS
from ledger.web.office.words import TOTALS


@blueprint.get("/cycles")
@gate.allow(*READERS)
def cycles() -> Response:
    """Every quarter with its totals, the latest first; and the dates the next one would have."""

    def find(unit: Unit) -> list[tuple[Cycle, dict[str, int]]]:
        return [(cycle, statements.cycle_totals(unit, cycle.name)) for cycle, _preset in reversed(store.all_cycles(unit))]

    settings = gate.book_settings()
    rows = [
        {
            "name": cycle.name,
            "state": STATE_WORDS[cycle.state],
            "is_done": cycle.state == "sealed",
            "overdue": timeline.overdue(cycle, gate.now()),
            "dates": timeline.dates_of(cycle, "earning", settings.zone),
            "redeem": timeline.dates_of(cycle, "redeeming", settings.zone),
            "totals": [points(totals[name]) for name in TOTALS],
            "href": href("cycle", name=cycle.name),
        }
        for cycle, totals in gate.book().read(find)
    ]
    coming = planned(following(rows[0]["name"]), settings.cycle.plan, settings.zone) if rows else None
    return page(
        "cycles.html",
        title=_("季度"),
        current="cycles",
        rows=rows,
        heads=[words[0] for words in TOTALS.values()],
        as_of=as_of(),
        coming=coming.name if coming else "",
        preview=timeline.preview(coming, settings.zone) if coming else [],
        may_write=writes("officer"),
    )


@blueprint.get("/cycles/<name>")
@gate.allow(*READERS)
def cycle(name: str) -> Response:
    return cycle_page(name)


@blueprint.post("/cycles/tick")
@gate.allow("officer")
def tick_cycles() -> Response:
    """Do what is due now, as the scheduler would. Harmless twice."""
    try:
        done = tick(gate.book(), replace(unkeyed_request("tick"), trace=gate.book().ids.new(gate.now())))
    except RequestInFlight:
        flash(_("自动步骤正在办，过一分钟再看。"), "waiting")
        return _go(href("cycles"))
    moved = [step for step in done if "to" in step]
    said = "；".join(f"{step['cycle']} → {STATE_WORDS[step['to']]}" for step in moved)
    flash(_("办好了：%(what)s。", what=said) if moved else _("没有到点要办的。"), "done" if moved else "note")
    return _go(href("cycles"))


@blueprint.post("/cycles/<name>/advance")
@gate.allow("officer")
def advance(name: str) -> Response:
    """Move one step on before its date, with a reason; where points move, with a second person on the same form."""
    form, second = AdvanceForm(), SecondForm()
    to = form.to.data or ""
    needs_two = to in MOVES_POINTS
    if not form.validate() or (needs_two and not second.validate()):
        return cycle_page(name, form=form, second=second, status=422)
    asked = unkeyed_request("advance_cycle", {"cycle": name, "to": to})
    try:
        if to not in STATES:
            raise InvalidInput("state", "unknown")
        advance_cycle(gate.book(), _with_second(asked, second) if needs_two else asked, cycle=name, to=to, reason=form.reason.data or "")
    except NotFound:
        raise
    except LedgerError as error:
        return cycle_page(name, form=form, second=second, error=error)
    flash(_("%(cycle)s 走到了“%(state)s”，原因已记下。", cycle=name, state=STATE_WORDS[to]), "done")
    return _go(href("cycle", name=name))


def _second_words(error: LedgerError | None) -> str:
    """What is said when it was the second person who was refused: the actor is signed in, so the general words would mislead."""
    if isinstance(error, OtpRequired):
        return str(_("第二人还要输动态码。什么都没有动。"))
    if isinstance(error, Unauthenticated):
        return str(_("第二人的登录名、密码或动态码对不上。什么都没有动，请第二人再输一次。"))
    if isinstance(error, SecondPersonRequired):
        return str(_("第二人要是另一位经办。什么都没有动。"))
    return ""


def _with_second(asked: Request, form: SecondForm) -> Request:
    """The request with the second person, whose password and one-time code were right."""
    typed = {"login": form.second_login.data or "", "password": form.second_password.data or "", "otp": form.second_otp.data or ""}
    return replace(asked, second=second_person(gate.book(), asked, **typed, address=request.remote_addr or ""))


def cycle_page(
    name: str, *, form: AdvanceForm | None = None, second: SecondForm | None = None, error: LedgerError | None = None, status: int = 200
) -> Response:
    """The page of one quarter, with the form filled as it was typed when it was refused."""
    values = gate.book().read(lambda unit: cycle_values(unit, name))
    found: Cycle = values["cycle"]
    to, to_word = timeline.next_words(found)
    return page(
        "cycle.html",
        title=_("%(name)s 季度", name=name),
        current="cycles",
        error=error,
        words=_second_words(error),
        status=status,
        **values,
        as_of=as_of(),
        state=STATE_WORDS[found.state],
        to=to,
        to_word=to_word,
        needs_two=to in MOVES_POINTS,
        form=form or AdvanceForm(formdata=None),
        second=second or SecondForm(formdata=None),
        may_write=writes("officer") and bool(to),
        overdue=timeline.overdue(found, gate.now()),
    )


def cycle_values(unit: Unit, name: str) -> dict[str, Any]:
    """A quarter's timeline, totals, notice by community and runs. Raises NotFound."""
    known = store.cycle(unit, name)
    if known is None:
        raise NotFound("cycle")
    acts = journal_pages.steps_of_cycle(unit, name)
    names = called(unit, [id for act in acts for id in (act.actor, act.second_actor) if id])
    totals = statements.cycle_totals(unit, name)
    steps = timeline.steps(known[0], acts, names, now=gate.now(), zone=unit.book.settings.zone)
    return {
        "cycle": known[0],
        "steps": steps,
        "totals": [{"label": label, "counts": counts, "value": points(totals[key])} for key, (label, counts) in TOTALS.items()],
        "notice": _notice(unit, name),
        "runs": [_run(row) for row in journal_pages.runs_of(unit, name)],
    }


def _notice(unit: Unit, name: str) -> dict[str, Any] | None:
    """How many lines and points the notice has, and how many lines are under review; None before it was published."""
    pools = unit.rows(store.NOTICE_TOTALS, cycle=name)
    if not pools:
        return None
    lines, steps, reviewing = (sum(int(pool[place]) for pool in pools) for place in (1, 2, 3))
    return {"pools": len(pools), "lines": f"{lines:,}", "points": points(steps), "reviewing": reviewing}


def _run(row: tuple[Any, ...]) -> dict[str, Any]:
    job, _started, finished, outcome, act = row
    before, _arrow, after = str(job).partition("->")
    words = f"{STATE_WORDS.get(before, before)} → {STATE_WORDS.get(after, after)}"
    counted = str(outcome).removeprefix("done ").strip()
    return {
        "job": words,
        "at": moment(instant(finished)) if finished else "",
        "count": counted,
        "href": href("entry", id=act) if act else "",
    }


def _go(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]
