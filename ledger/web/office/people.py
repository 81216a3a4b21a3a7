"""People: finding one, what the book knows of them, a phone when there is a reason, and a code to come in with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Response, redirect, request
from flask_babel import gettext as _

from ledger.domain.act import instant, micros
from ledger.domain.cycle import last_day, start_of_day
from ledger.domain.errors import Ambiguous, InvalidInput, LedgerError, NotFound
from ledger.domain.people import mask_name, mask_phone
from ledger.paperwork.normal import name_of
from ledger.passes.image import png_data_uri
from ledger.storage import people as store
from ledger.storage import registers, statements
from ledger.storage.people import Area, Holder
from ledger.storage.registers import Listed
from ledger.storage.statements import Balance, StatementLine
from ledger.storage.unit_of_work import Unit
from ledger.usecases.bind_phone import invite
from ledger.usecases.find_person import find_holder
from ledger.usecases.reveal_phone import reveal_phone
from ledger.usecases.view_points import why
from ledger.web import gate
from ledger.web.asking import optional_key, page_request, unkeyed_request
from ledger.web.office.forms import RevealForm
from ledger.web.office.place import (
    READERS,
    ROWS,
    as_of,
    blueprint,
    day,
    day_argument,
    end_of,
    figure,
    href,
    moment,
    page,
    points,
    today,
    turned,
    writes,
)
from ledger.web.office.words import CARDS, LINKS, MARKS

STATEMENT_DAYS: Final = 400


@blueprint.get("/people")
@gate.allow(*READERS)
def find_people() -> Response | Any:
    """Search by card, phone or whole name, or page through a place. One hit goes straight there, so that no address keeps a phone."""
    typed, place, after = request.args.get("q", "").strip()[:60], request.args.get("area", ""), request.args.get("after", "")
    error: LedgerError | None = None
    found: list[Listed] = []
    if typed:
        try:
            ids = gate.book().read(lambda unit: matches(unit, typed))
        except LedgerError as refusal:
            error, ids = refusal, []
        if len(ids) == 1:
            return redirect(href("person", id=ids[0]), 303)
        found = gate.book().read(lambda unit: registers.people_by_id(unit, ids))
    areas = gate.book().read(store.areas)
    if place and not typed:
        inside = below(areas, place)
        found = gate.book().read(lambda unit: registers.people_in(unit, inside, after, ROWS + 1))
    shown, more = found[:ROWS], len(found) > ROWS
    paths = {area.code: area.path for area in areas}
    return page(
        "people.html",
        title=_("人"),
        current="find_people",
        error=error,
        status=200,
        typed=typed if len(found) > 1 or error else "",
        rows=[listed(one, paths) for one in shown],
        asked=bool(typed or place),
        place=place,
        first=not after,
        places=[{"value": area.code, "label": area.path} for area in areas if area.kind in ("town", "community")],
        next=turned("find_people", after=shown[-1].id) if more else "",
        start=turned("find_people", after="") if after else "",
    )


def matches(unit: Unit, typed: str) -> list[str]:
    """Holders for a card number, holder id, phone or whole name. Raises NotFound."""
    try:
        return [find_holder(unit, typed)]
    except Ambiguous:
        return store.by_phone(unit, typed)
    except NotFound:
        named = store.by_name(unit, name_of(typed)) if name_of(typed) else []
        if not named:
            raise
        return named


def below(areas: list[Area], code: str) -> list[str]:
    """The codes of an area and of all areas below it, by their paths."""
    top = next((area for area in areas if area.code == code), None)
    return [area.code for area in areas if top is not None and (area.code == code or area.path.startswith(top.path + "/"))]


def listed(one: Listed, paths: dict[str, str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": mask_name(one.name),
        "card": one.card,
        "area": paths.get(one.area, one.area),
        "href": href("person", id=one.id),
    }


@blueprint.get("/people/<id>")
@gate.allow(*READERS)
def person(id: str) -> Response:
    """One person: where they belong, their cards, their points now or as of a day, and their statement."""
    return person_page(id)


@blueprint.post("/people/<id>/phone")
@gate.allow("officer")
def reveal(id: str) -> Response:
    """Show the phones in this one answer. Nothing is redirected to: no other page may hold them."""
    form = RevealForm()
    if not form.validate():
        return person_page(id, form=form, status=422)
    try:
        shown = reveal_phone(gate.book(), unkeyed_request("reveal_phone", {"person": id}), person=id, reason=form.reason.data or "")
    except NotFound:
        raise
    except LedgerError as error:
        return person_page(id, form=form, error=error)
    return person_page(id, phones=shown["phones"])


@blueprint.post("/people/<id>/invite")
@gate.allow("officer")
def invite_person(id: str) -> Response:
    """A one-time code for somebody who stands here. The same form sent again shows the same code."""
    answer = invite(gate.book(), page_request("invite", {"person": id}), person=id)
    until = datetime.fromisoformat(answer["expires_at"])
    return page(
        "invite.html",
        title=_("绑定码"),
        current="find_people",
        qr=png_data_uri(answer["url"]),
        spoken=answer["spoken_code"],
        until=moment(until),
        name=mask_name(_holder(id).name),
        back_href=href("person", id=id),
    )


def person_page(
    id: str, *, form: RevealForm | None = None, phones: list[str] | None = None, error: LedgerError | None = None, status: int = 200
) -> Response:
    on, since, until = day_argument("as_of"), day_argument("from"), day_argument("to")
    if since and until and until < since:
        raise InvalidInput("to", "order")
    values = gate.book().read(lambda unit: {**_about(unit, id), **_points(unit, id, on), **_statement(unit, id, since, until)})
    return page(
        "person.html",
        title=mask_name(values["name"]),
        current="find_people",
        error=error,
        status=status,
        id=id,
        form=form or RevealForm(formdata=None),
        phones=phones,
        may_write=writes("officer"),
        invite_key=optional_key(),
        as_of_day=on.isoformat() if on else "",
        from_day=since.isoformat() if since else "",
        to_day=until.isoformat() if until else "",
        journal_href=href("journal", subject=id),
        **{name: value for name, value in values.items() if name != "name"},
    )


def _holder(id: str) -> Holder:
    found = gate.book().read(lambda unit: store.holder(unit, id))
    if found is None:
        raise NotFound("person")
    return found


def _about(unit: Unit, id: str) -> dict[str, Any]:
    """Name, memberships with their dates, cards, and phones masked. Raises NotFound."""
    found = store.holder(unit, id)
    if found is None:
        raise NotFound("person")
    links = registers.links_of(unit, id)
    names = registers.place_names(unit, [link.target for link in links] + [found.area])
    names |= store.names(unit, [link.target for link in links if link.kind in ("team", "household")])
    return {
        "name": found.name,
        "initial": found.name[:1],
        "closed": found.status in ("closed", "merged", "undone"),
        "area": names.get(found.area, found.area),
        "tails": [mask_phone(phone) for phone in store.phones_of(unit, id)],
        "links": [
            {
                "kind": LINKS.get(link.kind, link.kind),
                "target": MARKS.get(link.target, link.target) if link.kind == "mark" else names.get(link.target, link.target),
                "from_at": moment(link.from_at),
                "until_at": moment(link.until_at),
            }
            for link in links
        ],
        "cards": [
            {
                "number": card.number,
                "state": CARDS.get(card.status, card.status),
                "is_active": card.status == "active",
                "issued": moment(card.issued_at),
                "revoked": moment(card.revoked_at),
                "has_pin": card.has_pin,
            }
            for card in registers.cards_of(unit, id)
        ],
    }


def _points(unit: Unit, id: str, on: Any) -> dict[str, Any]:
    """The balance now, or by what was recorded until the end of a day."""
    found: Balance = statements.balance_as_of(unit, id, end_of(on)) if on else statements.balance(unit, id, gate.now())
    zone = unit.book.settings.zone
    names = registers.place_names(unit, [lot.pool for lot in found.lots])
    return {
        "as_of": _("截至%(day)s 24:00记下的", day=day(on)) if on else as_of(),
        "tiles": [
            {"label": _("可用"), "value": points(found.spendable), "unit": _("分"), "counts": _("现在可以兑换")},
            {"label": _("待公示"), "value": points(found.pending), "unit": _("分"), "counts": _("公示结束才可用")},
            {"label": _("预留"), "value": points(found.held), "unit": _("分"), "counts": _("已预留，还没领")},
            {"label": _("欠分"), "value": points(found.debt), "unit": _("分"), "counts": _("以后先抵扣")},
            {"label": _("荣誉时长"), "value": figure(found.honour_minutes), "unit": _("分钟"), "counts": _("兑换不减")},
        ],
        "lots": [
            {
                "cycle": lot.cycle,
                "pool": names.get(lot.pool, lot.pool),
                "left": points(lot.remaining),
                "expires": day(last_day(lot.expires_at, zone)) if lot.expires_at else _("不到期"),
            }
            for lot in found.lots
        ],
    }


def _statement(unit: Unit, id: str, since: Any, until: Any) -> dict[str, Any]:
    """One page of the statement, oldest first, with the wallet after each line; `after` and `before` carry the next page on."""
    zone = unit.book.settings.zone
    begin = start_of_day(since, zone) if since else instant(max(0, micros(gate.now()) - STATEMENT_DAYS * 86_400_000_000))
    end = end_of(until or today())
    after, running = _statement_cursor()
    found = statements.lines(unit, id, since=begin, until=end, after=after, most=ROWS + 1, before=running)
    names: dict[str, str] = {}
    shown = found[:ROWS]
    more = ""
    if len(found) > ROWS:
        last = shown[-1]
        more = turned("person", after=f"{micros(last.at)}.{last.entry}", before=str(last.balance))
    return {"lines": [_line(unit, line, names) for line in shown], "more": more, "first": running is None, "begin": moment(begin)}


def _statement_cursor() -> tuple[tuple[int, str], int | None]:
    at, _dot, entry = request.args.get("after", "").partition(".")
    running = request.args.get("before", "")
    if not (at.isdecimal() and entry and running.lstrip("-").isdecimal()):
        return (0, ""), None
    return (int(at[:18]), entry[:40]), int(running[:18])


def _line(unit: Unit, line: StatementLine, names: dict[str, str]) -> dict[str, Any]:
    def change(steps: int) -> str:
        return "" if not steps else ("+" if steps > 0 else "") + points(steps)

    return {
        "at": moment(line.at),
        "why": why(unit, line, names),
        "cycle": line.cycle,
        "amount": change(line.amount),
        "pending": change(line.pending),
        "balance": points(line.balance),
        "href": href("entry", id=line.entry),
    }
