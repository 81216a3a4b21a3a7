"""The hand-over desk: scan, choose, confirm. One page, no modals; every step is a form and works without script."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import InvalidInput, LedgerError, PassInvalid, WitnessRequired
from ledger.domain.redemption import Item
from ledger.passes.links import url_of
from ledger.passes.signing import CARD, HOLD, VOLUNTEER_CODE
from ledger.storage import statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.hand_over_goods import collect_hold, hand_over_at_once
from ledger.usecases.identify import signer
from ledger.usecases.request import Answer
from ledger.usecases.view_desk import Facing, HandedOver
from ledger.web import gate
from ledger.web.asking import page_request
from ledger.web.language import new_request_key
from ledger.web.public import tickets as opened
from ledger.web.public.telling import points, scale
from ledger.web.refusing import sentence_of
from ledger.web.station import showing, tickets
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, standing_of, typed
from ledger.web.station.tickets import Ticket

UNKNOWN_KINDS: Final = frozenset({"unavailable"})
UNKNOWN_CODES: Final = frozenset({"request_in_flight"})
FACING: Final = frozenset({VOLUNTEER_CODE, CARD, HOLD})
QUANTITY: Final = "quantity-"
DIGITS_MAX: Final = 6
AGENT: Final = "agent"


@blueprint.get("/desk")
@gate.allow("keeper")
def desk() -> Response:
    """The desk as it stands: somebody's panel while their ticket lives, the receipt just made, or an empty box."""
    ticket = _brought() or tickets.current(gate.now())
    if ticket is not None and _has_outcome(ticket):
        return _settled(ticket)
    return page(ticket)


@blueprint.post("/desk")
@gate.allow("keeper")
def scan() -> Response:
    """Read what the gun, the camera or the keeper typed. Nothing is written: the ticket stays in the browser's signed cookie."""
    shown, now = tickets.normal(typed("code")), gate.now()
    try:
        gate.book().read(lambda unit: view_desk.facing(unit, gate.actor(), station=current(), shown=shown, now=now, seen_at=None))
    except LedgerError as error:
        tickets.drop()
        return page(None, refused=error)
    tickets.take(shown, now)
    return go("station.desk")


@blueprint.post("/desk/next")
@gate.allow("keeper")
def next_person() -> Response:
    """Put the ticket and the receipt away."""
    tickets.drop()
    return go("station.desk")


@blueprint.post("/hand-over")
@gate.allow("keeper")
def hand_over() -> Response:
    """Confirm what was chosen. A card goes on to its PIN or a witness; a fresh code is handed over at once."""
    ticket = ticket_of_form()
    if isinstance(ticket, Response):
        return ticket
    try:
        ticket = tickets.choose(ticket, chosen_items())
        if not ticket.items:
            raise InvalidInput("items", "missing")
        return go("station.agent") if typed("presence") == AGENT else proved(ticket)
    except LedgerError as error:
        return not_done(ticket, error)


@blueprint.post("/collect")
@gate.allow("keeper")
def collect() -> Response:
    """Hand over what a hold reserved: one button."""
    ticket = ticket_of_form()
    if isinstance(ticket, Response):
        return ticket
    try:
        return done(collect_hold(gate.book(), page_request("collect_hold", {"hold": ticket.shown}), hold=_hold_of(ticket)))
    except LedgerError as error:
        return not_done(ticket, error)


def proved(ticket: Ticket) -> Response:
    """Hand over at once what a fresh code proves; a card goes on to its PIN or to a witness."""
    try:
        who = gate.book().read(lambda unit: facing(unit, ticket))
        if who.how == "card":
            return go("station.pin" if who.person.has_pin else "station.witness")
        return done(give(ticket))
    except WitnessRequired:
        return go("station.witness")


def give(ticket: Ticket, *, pin: str = "", witness: str = "") -> Answer:
    """Hand over a walk-up's goods under the ticket's key. Neither PIN nor witness is part of what the key is bound to."""
    station = current()
    items = [Item(sku, quantity) for sku, quantity in sorted(ticket.items.items())]
    body = {"station": station, "shown": ticket.shown, "items": [[item.sku, item.quantity] for item in items], "agent": ticket.agent}
    return hand_over_at_once(
        gate.book(), page_request("hand_over", body), station=station, items=items, shown=ticket.shown, seen_at=ticket.seen_at, pin=pin,
        witness=witness, agent=ticket.agent,
    )  # fmt: skip


def done(answer: Answer) -> Response:
    """After a hand-over that is certain: back to the desk, which shows the receipt and waits for the next scan."""
    id = str(answer["redemption"])
    made = gate.book().read(lambda unit: view_desk.hand_over(unit, gate.actor(), id))
    tickets.finish(id)
    flash(showing.handed_words(made, int(answer["spendable_after"])), "done")
    return go("station.desk")


def not_done(ticket: Ticket, error: LedgerError) -> Response:
    """A refusal stays in the page with what was scanned and chosen; what nobody knows is asked again under the same key."""
    if is_unknown(error):
        fields = {"request_key": ticket.key, **{QUANTITY + sku: str(quantity) for sku, quantity in ticket.items.items()}}
        return unknown_page(request.path, fields, error)
    return page(ticket, refused=error, about_goods=True)


def ticket_of_form() -> Ticket | Response:
    """The ticket a form was made for; else the page that tells what came of that form: an answer that got lost on the way,
    another scan since, or a scan too old."""
    ticket, key = tickets.current(gate.now()), typed("request_key", 200)
    answer = gate.book().read(lambda unit: view_desk.outcome(unit, gate.actor(), key)) if key else None
    if answer is not None and "redemption" in answer:
        return done(answer)
    if ticket is not None and key == ticket.key:
        return ticket
    if ticket is not None:
        flash(_("刚才那一页是另一次扫码的，没有发放。看清现在是谁，再选一次。"), "waiting")
    else:
        flash(_("扫码过了10分钟，没有发放。请再扫一次。"), "waiting")
    return go("station.desk")


def is_unknown(error: LedgerError) -> bool:
    """Whether nobody knows if it was done: out of reach at the wrong moment, or the first try still runs."""
    return error.kind in UNKNOWN_KINDS or error.code in UNKNOWN_CODES


def unknown_page(action: str, fields: dict[str, str], error: LedgerError) -> Response:
    """Hold the goods, one button that asks again under the same key. It needs nothing from the book, which may be out of reach."""
    body = render_template("station/unknown.html", title=_("还不知道成没成"), action=action, fields=fields, code=error.code)
    response = make_response(body, boundary.http_status(error))
    response.headers["Retry-After"] = str(boundary.retry_after(error) or 5)
    return response


def page(ticket: Ticket | None, *, refused: LedgerError | None = None, about_goods: bool = False) -> Response:
    """The desk. refused: what was just refused, told at the scan box, or (about_goods) beside the goods that were chosen."""
    values = gate.book().read(lambda unit: _values(unit, ticket, refused=refused, about_goods=about_goods))
    return make_response(
        render_template("station/desk.html", title=_("发放台"), **values), boundary.http_status(refused) if refused else 200
    )


def _values(unit: Unit, ticket: Ticket | None, *, refused: LedgerError | None, about_goods: bool) -> dict[str, Any]:
    actor, now, code = gate.actor(), gate.now(), current()
    standing = standing_of(unit, code)
    who, at_box = None, None if about_goods else refused
    if ticket is not None:
        try:
            who = facing(unit, ticket)
        except LedgerError as error:
            at_box = at_box or refused or error
    last = view_desk.last_handed_over(unit, actor, code, now)
    made = _finished(unit) if ticket is None and refused is None else None
    return {
        "desk": bar(standing, keeper_name(unit)),
        "scan": {"state": "refused" if at_box else "waiting", "text": _told(at_box), "code": at_box.code if at_box else ""},
        "who": _who(who) if who else None,
        "goods": showing.tiles(who, ticket.items) if who and ticket else [],
        "hold": {"items": showing.lines(who.hold.pieces), "points": points(who.hold.hold.points)} if who and who.hold else None,
        "blocked": showing.blocked_words(who.blocked) if who and who.blocked else "",
        "closed": sentence_of(standing.closed) if standing.closed else "",
        "needs_card_proof": bool(who and who.how == "card" and not who.hold),
        "presence": showing.presence(who.agents) if who and who.agents and not who.hold else None,
        "key": ticket.key if ticket else "",
        "refused": {"text": _told(refused), "code": refused.code} if refused and about_goods and who else None,
        "undo": showing.undo(last, new_request_key()) if last else None,
        "receipt": made,
        "slip_href": url_for("station.slip", id=tickets.finished()) if made else "",
    }


def _who(who: Facing) -> dict[str, Any]:
    spendable = scale().number(who.spendable)
    return {"person": showing.person(who.person, who), "state": showing.state(who), "marks": showing.marks(who), "spendable": spendable}


def facing(unit: Unit, ticket: Ticket) -> Facing:
    """Who the ticket says stands here."""
    return view_desk.facing(unit, gate.actor(), station=current(), shown=ticket.shown, now=gate.now(), seen_at=ticket.seen_at)


def _finished(unit: Unit) -> dict[str, Any] | None:
    """The receipt of the hand-over this desk just made."""
    id = tickets.finished()
    return receipt_values(unit, view_desk.hand_over(unit, gate.actor(), id)) if id else None


def receipt_values(unit: Unit, made: HandedOver) -> dict[str, Any]:
    """Arguments of the receipt macro, its QR leading to the public check; what is left now is told while the receipt is fresh."""
    book = unit.book
    left = statements.balance(unit, made.redemption.holder, gate.now()).spendable if gate.now() <= made.undo_until else None
    return showing.receipt(made, link=url_of(book.settings.public_url, signer(book).receipt(made.redemption.receipt)), left=left)


def chosen_items() -> dict[str, int]:
    """The quantities of the form that are more than nothing. Raises InvalidInput for what is no whole number."""
    items: dict[str, int] = {}
    for name, value in request.form.items():
        if name.startswith(QUANTITY):
            text = tickets.normal(value)
            if not (text or "0").isdecimal() or len(text) > DIGITS_MAX:
                raise InvalidInput("quantity")
            if int(text or 0):
                items[name.removeprefix(QUANTITY)] = int(text)
    return items


def _hold_of(ticket: Ticket) -> str:
    """The id of the hold the ticket's pick-up code names."""
    found = gate.book().read(lambda unit: facing(unit, ticket))
    if found.hold is None:
        raise PassInvalid()
    return found.hold.hold.id


def _told(error: LedgerError | None) -> str:
    return "" if error is None else sentence_of(error)


def _brought() -> Ticket | None:
    """What this browser scanned with its own camera a moment ago, when that was somebody's code, card or pick-up code."""
    scanned = opened.latest()
    if scanned is None or scanned.purpose not in FACING:
        return None
    opened.tear()
    return tickets.take(scanned.text, scanned.seen_at)


def _has_outcome(ticket: Ticket) -> bool:
    return gate.book().read(lambda unit: view_desk.outcome(unit, gate.actor(), ticket.key)) is not None


def _settled(ticket: Ticket) -> Response:
    """The ticket's key has its answer already: the answer got lost on the way, the hand-over did not."""
    answer = gate.book().read(lambda unit: view_desk.outcome(unit, gate.actor(), ticket.key))
    assert answer is not None
    return done(answer)
