"""People without a phone: find them, give them a card, set its PIN, or bind a phone after all. Blank cards are made here too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from flask import Response, flash, make_response, render_template, session, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import InvalidInput, LedgerError, NotFound, PassInvalid
from ledger.passes.image import png_data_uri
from ledger.passes.links import url_of
from ledger.storage import people, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.bind_phone import invite
from ledger.usecases.find_person import find_holder
from ledger.usecases.identify import identify
from ledger.usecases.issue_blank_cards import issue_blank_cards
from ledger.usecases.replace_card import card_pass, replace_card
from ledger.usecases.set_pin import set_pin
from ledger.usecases.witness import witness_by_card
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public.telling import clock, points
from ledger.web.refusing import sentence_of
from ledger.web.station import showing, tickets
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, standing_of, typed

PRINT: Final = "cards-to-print"
INVITED: Final = "invited"
SHEET: Final = 10
SHEETS: Final = ("10", "20", "50")


@blueprint.get("/people")
@gate.allow("keeper")
def find() -> str:
    """One box: card, code, card number or phone."""
    return _find_page()


@blueprint.post("/people")
@gate.allow("keeper")
def take_find() -> Response:
    text = tickets.normal(typed("code"))
    try:
        holder = gate.book().read(lambda unit: _holder(unit, text))
    except LedgerError as error:
        return make_response(_find_page(error), boundary.http_status(error))
    return go("station.person", holder=holder)


@blueprint.get("/people/<string:holder>")
@gate.allow("keeper")
def person(holder: str) -> Response:
    return _person_page(holder)


@blueprint.post("/people/<string:holder>/card")
@gate.allow("keeper")
def take_card(holder: str) -> Response:
    """A new card, or a blank one that was scanned; the old ones fall silent in the same step."""
    blank = tickets.normal(typed("blank"))

    def give() -> Response:
        answer = replace_card(gate.book(), page_request("replace_card", {"person": holder, "blank": blank}), person=holder, blank=blank)
        said = _("新卡%(card)s可以用了。", card=answer["card"]) + (_("旧卡已停用。") if answer["revoked"] else "")
        flash(said, "done")
        if blank:
            return go("station.person", holder=holder)
        session[PRINT] = [answer["card"]]
        return go("station.print_cards")

    return _or_told(holder, give)


@blueprint.post("/people/<string:holder>/phone")
@gate.allow("keeper")
def take_phone(holder: str) -> Response:
    """A one-time code that brings the person in on their own phone."""

    def give() -> Response:
        answer = invite(gate.book(), page_request("invite", {"person": holder}), person=holder)
        session[INVITED] = {name: answer[name] for name in ("person", "url", "spoken_code", "expires_at")}
        return go("station.phone", holder=answer["person"])

    return _or_told(holder, give)


@blueprint.get("/people/<string:holder>/phone")
@gate.allow("keeper")
def phone(holder: str) -> Response:
    """The code to be scanned by the person's phone, while it lives."""
    kept: Any = session.get(INVITED) or {}
    if kept.get("person") != holder or datetime.fromisoformat(kept["expires_at"]) <= gate.now():
        return go("station.person", holder=holder)
    values = gate.book().read(lambda unit: {"who": _face(unit, holder), "desk": bar(standing_of(unit, current()), keeper_name(unit))})
    until = clock(datetime.fromisoformat(kept["expires_at"]))
    body = render_template(
        "station/phone.html", title=_("绑定手机"), src=png_data_uri(kept["url"]), spoken=kept["spoken_code"], until=until,
        back_href=url_for("station.person", holder=holder), **values,
    )  # fmt: skip
    return make_response(body)


@blueprint.post("/people/<string:holder>/pin")
@gate.allow("keeper")
def take_new_pin(holder: str) -> Response:
    """The person sets six digits on the pad, with a second role-holder's card beside: one keeper alone must not."""
    book, digits = gate.book(), tickets.normal(typed("pin"))

    def give() -> Response:
        second = book.read(lambda unit: witness_by_card(unit, gate.actor(), tickets.normal(typed("witness")), gate.now()))
        answer = set_pin(book, replace(page_request("set_pin", {"person": holder}), second=second), person=holder, pin=digits)
        flash(_("卡密设好了，尾号%(card)s的卡现在可以用。", card=answer["card"]), "done")
        return go("station.person", holder=holder)

    return _or_told(holder, give)


@blueprint.post("/blank-cards")
@gate.allow("keeper")
def take_blank_cards() -> Response:
    """Numbers for a sheet of blank cards."""
    count = typed("count")
    if count not in SHEETS:
        raise InvalidInput("count", "range")
    answer = issue_blank_cards(gate.book(), page_request("issue_blank_cards", {"count": count}), count=int(count))
    session[PRINT] = answer["cards"]
    return go("station.print_cards")


@blueprint.get("/cards")
@gate.allow("keeper")
def print_cards() -> Response:
    """The cards just made, ten a sheet, ready for the printer."""
    numbers = [str(number) for number in session.get(PRINT, [])]
    if not numbers:
        return go("station.find")
    cards = gate.book().read(lambda unit: [_card(unit, number) for number in numbers])
    sheets = [cards[i : i + SHEET] for i in range(0, len(cards), SHEET)]
    return make_response(render_template("station/cards.html", title=_("打印卡片"), sheets=sheets, back_href=url_for("station.find")))


def _holder(unit: Unit, text: str) -> str:
    """Whom a card, a fresh code, a card number, an id or a phone names."""
    try:
        return identify(unit, text, now=gate.now()).holder
    except PassInvalid as error:
        try:
            return find_holder(unit, text)
        except NotFound:
            # Letters and signs were meant as a code; digits as a number of somebody.
            raise (NotFound("person") if text.isalnum() and len(text) < 20 else error) from error


def _or_told(holder: str, give: Callable[[], Response]) -> Response:
    """What was refused is told on the person's page."""
    try:
        return give()
    except LedgerError as error:
        return _person_page(holder, refused=error)


def _find_page(refused: LedgerError | None = None) -> str:
    values = gate.book().read(lambda unit: {"desk": bar(standing_of(unit, current()), keeper_name(unit))})
    said = sentence_of(refused) if refused else ""
    return render_template("station/find.html", title=_("找人办卡"), refused=said, key=new_request_key(), sheets=SHEETS, **values)


def _person_page(holder: str, refused: LedgerError | None = None) -> Response:
    values = gate.book().read(lambda unit: _person_values(unit, holder))
    told = {"text": showing.blocked_words(refused), "code": refused.code} if refused else None
    key = optional_key() or new_request_key()
    body = render_template("station/person.html", title=_("办卡和手机"), refused=told, key=key, **values)
    return make_response(body, boundary.http_status(refused) if refused else 200)


def _person_values(unit: Unit, holder: str) -> dict[str, Any]:
    balance = statements.balance(unit, holder, gate.now())
    return {
        "desk": bar(standing_of(unit, current()), keeper_name(unit)),
        "holder": holder,
        "who": _face(unit, holder),
        "spendable": points(balance.spendable),
        "pending": points(balance.pending),
        "held": points(balance.held),
    }


def _face(unit: Unit, holder: str) -> dict[str, Any]:
    found = view_desk.person(unit, holder)
    return {"name": found.name, "initial": found.initial, "place": found.place, "card": found.card, "has_pin": found.has_pin}


def _card(unit: Unit, number: str) -> dict[str, Any]:
    """A card for card_sheet: a holder's with their full name, as it will be theirs; a blank one with a line to write on."""
    found = people.by_card(unit, number)
    holder = people.holder(unit, found[0]) if found and found[0] else None
    community = people.area(unit, holder.pool) if holder else None
    link = url_of(unit.book.settings.public_url, card_pass(unit.book, number))
    return {
        "qr": png_data_uri(link), "name": holder.name if holder else "", "card_no": f"{number[:4]} {number[4:]}",
        "community": community.name if community else unit.book.settings.name, "telephone": "",
    }  # fmt: skip
