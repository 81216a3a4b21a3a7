"""A card only says who it is: the person's own PIN, on the pad turned to them, or a witness with their own card."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import LedgerError, PinLocked, PinWrong, WitnessRequired
from ledger.domain.redemption import Line
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.web import gate
from ledger.web.public.telling import points
from ledger.web.refusing import sentence_of
from ledger.web.station import showing, tickets
from ledger.web.station.desk import done, facing, give, is_unknown, not_done, proved, ticket_of_form, unknown_page
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, standing_of, typed
from ledger.web.station.tickets import Ticket

CARD_REFUSALS: Final = frozenset({"witness_required", "agent_not_named", "pass_invalid", "pass_revoked", "pass_expired", "not_found"})
"""What is wrong with the card that was shown, not with the hand-over."""


@blueprint.get("/pin")
@gate.allow("keeper")
def pin() -> Response:
    """The pad, turned to the person: who they are, what they take, six keys."""
    return _show("station/pin.html", _("卡密"))


@blueprint.post("/pin")
@gate.allow("keeper")
def take_pin() -> Response:
    ticket = ticket_of_form()
    if isinstance(ticket, Response):
        return ticket
    try:
        return done(give(ticket, pin=tickets.normal(typed("pin"))))
    except (PinWrong, PinLocked) as error:
        return _show("station/pin.html", _("卡密"), refused=error)
    except WitnessRequired:
        return go("station.witness")
    except LedgerError as error:
        return _refused(ticket, error)


@blueprint.get("/agent")
@gate.allow("keeper")
def agent() -> Response:
    """The card of whoever collects for the person."""
    return _show("station/agent.html", _("代领人"))


@blueprint.post("/agent")
@gate.allow("keeper")
def take_agent() -> Response:
    """Believe the agent's card, then go on as for the person: a fresh code is enough, a card needs its PIN or a witness."""
    ticket, card = ticket_of_form(), tickets.normal(typed("code"))
    if isinstance(ticket, Response):
        return ticket
    try:
        gate.book().read(lambda unit: view_desk.check_agent(unit, facing(unit, ticket).person.holder, card, gate.now()))
        return proved(tickets.choose(ticket, ticket.items, agent=card))
    except LedgerError as error:
        if error.code in CARD_REFUSALS:
            return _show("station/agent.html", _("代领人"), refused=error)
        return _refused(ticket, error)


@blueprint.get("/witness")
@gate.allow("keeper")
def witness() -> Response:
    """Another role-holder's card, in place of the PIN."""
    return _show("station/witness.html", _("证人"))


@blueprint.post("/witness")
@gate.allow("keeper")
def take_witness() -> Response:
    ticket = ticket_of_form()
    if isinstance(ticket, Response):
        return ticket
    try:
        return done(give(ticket, witness=tickets.normal(typed("code"))))
    except LedgerError as error:
        if error.code in CARD_REFUSALS:
            return _show("station/witness.html", _("证人"), refused=error)
        return _refused(ticket, error)


def _refused(ticket: Ticket, error: LedgerError) -> Response:
    """What is asked again goes to the desk's own door, which finds the answer by the key; PIN and witness are not kept."""
    if is_unknown(error):
        return unknown_page(url_for("station.hand_over"), {"request_key": ticket.key, **_quantities(ticket)}, error)
    return not_done(ticket, error)


def _quantities(ticket: Ticket) -> dict[str, str]:
    return {f"quantity-{sku}": str(quantity) for sku, quantity in ticket.items.items()}


def _show(template: str, title: str, *, refused: LedgerError | None = None) -> Response:
    ticket = tickets.current(gate.now())
    if ticket is None or not ticket.items:
        return go("station.desk")
    values = gate.book().read(lambda unit: _values(unit, ticket))
    body = render_template(template, title=title, refused=_told(refused), **values)
    return make_response(body, boundary.http_status(refused) if refused else 200)


def _values(unit: Unit, ticket: Ticket) -> dict[str, Any]:
    who = facing(unit, ticket)
    chosen = [(good, ticket.items[good.sku]) for good in who.goods if good.sku in ticket.items]
    used = sum(Line(good.sku, good.name, count, good.price_points).points for good, count in chosen)
    return {
        "desk": bar(standing_of(unit, current()), keeper_name(unit)),
        "who": showing.person(who.person, who),
        "items": [{"name": good.name, "quantity": f"{count}{good.unit}"} for good, count in chosen],
        "points": points(used),
        "after": points(who.spendable - used),
        "key": ticket.key,
        "has_pin": who.person.has_pin,
    }


def _told(error: LedgerError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    state = "locked" if isinstance(error, PinLocked) else "wrong"
    text = (
        _("这张卡不能作证，积分没动。证人要有岗位，也不能是领的人或经手人自己。")
        if isinstance(error, WitnessRequired)
        else sentence_of(error)
    )
    return {"state": state, "tries_left": error.facts.get("tries_left"), "text": text, "code": error.code}
