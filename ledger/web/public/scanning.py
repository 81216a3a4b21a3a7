"""What lies behind a QR: /q/<pass>. Opening it changes nothing and burns nothing; one button posts.

A fresh code leaves a ten-minute ticket in this browser, so that slow people, and those who have to sign in first, are not punished.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.act import instant
from ledger.domain.errors import Forbidden, LedgerError, NotFound, NotOpen, PassExpired, PassInvalid
from ledger.passes import signing
from ledger.passes.links import pass_in
from ledger.passes.spoken import code_digests, is_code, read_code
from ledger.storage import goods, service
from ledger.storage.unit_of_work import Unit
from ledger.usecases.check_in import check_in_oneself
from ledger.usecases.check_out import check_out_oneself
from ledger.usecases.identify import signer
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public import frame, telling, tickets
from ledger.web.public.activities import activity_values, opens_at
from ledger.web.public.tickets import Ticket
from ledger.web.refusing import sentence_of

TEXT_MAX: Final = 200

blueprint = Blueprint("scanning", __name__)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a link says, believed: its text in capitals, its purpose (see `signing`), whom or what it is about."""

    text: str
    purpose: str
    subject: str


@blueprint.get("/q/<string:text>")
@blueprint.get("/Q/<string:text>", endpoint="scan_capital")
@gate.everyone
def scan(text: str) -> Response:
    """Where a code leads, by what it is for and who looks at it."""
    scanned, ticket = _read(text)
    return _PLACES[scanned.purpose](scanned, ticket)


@blueprint.post("/q/<string:text>")
@blueprint.post("/Q/<string:text>", endpoint="act_capital")
@gate.signed_in
def act(text: str) -> Response:
    """签到 or 签退 by an activity's code, as of when its page was first opened."""
    scanned, ticket = _read(text)
    if scanned.purpose not in (signing.ACTIVITY_CODE, signing.POSTER):
        raise PassInvalid()
    leaving = request.form.get("do") == "out"
    try:
        answer = _check_out(scanned, ticket) if leaving else _check_in(scanned, ticket)
    except LedgerError as error:
        if error.kind in ("unavailable", "unauthenticated"):
            raise
        return _activity_page(scanned, ticket, error)
    tickets.tear()
    return redirect(f"/me/attendances/{answer['attendance']}", 303)  # type: ignore[return-value]


def _read(text: str) -> tuple[Scanned, Ticket]:
    """The code behind an address and its ticket, new if the code is fresh. Raises PassInvalid, PassExpired."""
    found = pass_in(text[:TEXT_MAX], (gate.book_settings().public_url,))
    kept = tickets.find(found)
    moment = kept.seen_at if kept else gate.now()
    scanned = _spoken(found, moment) if is_code(found) else _signed(found, moment)
    if scanned.purpose in (signing.ACTIVITY_CODE, signing.POSTER):
        return scanned, kept or tickets.leave(found, scanned.purpose)
    return scanned, Ticket(found, scanned.purpose, moment)


def _signed(text: str, moment: datetime) -> Scanned:
    read = signer(gate.book()).read(text, moment)
    return Scanned(text, read.purpose, read.subject)


def _spoken(text: str, moment: datetime) -> Scanned:
    """A code that was typed. An activity's stands for the pass it was shown with."""

    def find(unit: Unit) -> Scanned:
        for digest in code_digests(unit.book.keyring, read_code(text)):
            row = unit.row(goods.SPOKEN, digest=digest)
            if row is not None:
                purpose, subject, _nonce, expires_at, _used_at = row
                if instant(expires_at) <= moment:
                    raise PassExpired()
                return Scanned(text, purpose, subject)
        raise PassInvalid()

    return gate.book().read(find)


def _check_in(scanned: Scanned, ticket: Ticket) -> dict[str, Any]:
    body = {"pass": scanned.text, "do": "in"}
    return check_in_oneself(gate.book(), page_request("check_in", body), shown=_shown(scanned, ticket), seen_at=ticket.seen_at)


def _check_out(scanned: Scanned, ticket: Ticket) -> dict[str, Any]:
    body = {"pass": scanned.text, "do": "out"}
    return check_out_oneself(gate.book(), page_request("check_out", body), shown=_shown(scanned, ticket), seen_at=ticket.seen_at)


def _shown(scanned: Scanned, ticket: Ticket) -> str:
    """The pass for the use case: what was scanned, or the pass that a typed code stood below at that moment."""
    if not is_code(scanned.text):
        return scanned.text
    return signer(gate.book()).activity_code(scanned.subject, ticket.seen_at)


def _activity(scanned: Scanned, ticket: Ticket) -> Response:
    return _activity_page(scanned, ticket)


def _activity_page(scanned: Scanned, ticket: Ticket, error: LedgerError | None = None) -> Response:
    """Who you are and one button: 签到, or 签退 for whoever is in already."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me_or_none(unit)
        found = service.activity(unit, scanned.subject)
        if found is None or found.status != "open":
            raise NotFound("activity")
        mine = service.attendance_at(unit, found.id, resident.id) if resident else None
        early = gate.now() < opens_at(found)
        over = ticket.seen_at >= found.ends_at
        refusal = _not_open(found) if (early or over) and mine is None else None
        return {
            **activity_values(unit, found, resident),
            "state": mine.state if mine else "none",
            "is_signed_in": gate.actor_or_none() is not None,
            "has_person": resident is not None,
            "early": sentence_of(refusal) if refusal else "",
            "is_done": over and (mine is None or mine.state != "in"),
        }

    values = gate.book().read(read)
    back = f"/q/{scanned.text}"
    return frame.page(
        "public/scan_activity.html",
        title=values["name"],
        tab="activities",
        status=boundary.http_status(error) if error else 200,
        action=back,
        sign_in_href=f"/sign-in?next={back}",
        bind_href=f"/bind?next={back}",
        kept_until=telling.clock(tickets.ends_at(ticket)),
        key=optional_key() or new_request_key(),
        error=sentence_of(error) if error else "",
        is_poster=scanned.purpose == signing.POSTER,
        **values,
    )


def _not_open(found: service.Activity) -> NotOpen:
    return NotOpen(opens_at=telling.clock(opens_at(found)), starts_at=telling.clock(found.starts_at), ends_at=telling.clock(found.ends_at))


def _person(scanned: Scanned, _ticket: Ticket) -> Response:
    """A volunteer's code or card: the desk's business for a keeper; for anybody else a plain word."""
    if _is_keeper():
        return _to_desk(scanned)
    mine = gate.actor_or_none()
    gate.book().read(frame.me_or_none)
    is_mine = mine is not None and scanned.purpose == signing.VOLUNTEER_CODE and mine.is_self(scanned.subject)
    return frame.page("public/scan_person.html", title=_("志愿者的码"), is_card=scanned.purpose == signing.CARD, is_mine=is_mine)


def _hold(scanned: Scanned, _ticket: Ticket) -> Response:
    """A pick-up code: the desk's for a keeper, the hold's own page for its owner."""
    found = gate.book().read(lambda unit: goods.hold(unit, scanned.subject))
    actor = gate.actor_or_none()
    if found is not None and actor is not None and actor.is_self(found.holder):
        return _go(f"/me/holds/{found.id}")
    if _is_keeper():
        return _to_desk(scanned)
    gate.book().read(frame.me_or_none)
    return frame.page("public/scan_person.html", title=_("取货码"), is_hold=True)


def _receipt(scanned: Scanned, _ticket: Ticket) -> Response:
    return _go(f"/receipts/{scanned.subject}")


def _station(scanned: Scanned, _ticket: Ticket) -> Response:
    """A station's door, or one of its shelf labels: `YZ001/SOAP`."""
    code, _slash, sku = scanned.subject.partition("/")
    return _go(f"/stations/{code}" + (f"#{sku}" if sku else ""))


def _binding(scanned: Scanned, _ticket: Ticket) -> Response:
    """An invitation: one button that comes in with it."""
    gate.book().read(frame.me_or_none)
    return frame.page("public/scan_binding.html", title=_("志愿者进入"), code=scanned.text)


def _device(_scanned: Scanned, _ticket: Ticket) -> Response:
    raise Forbidden()


def _is_keeper() -> bool:
    actor = gate.actor_or_none()
    return actor is not None and actor.has("keeper")


def _to_desk(scanned: Scanned) -> Response:
    """The desk takes the scan out of the signed form cookie: a pass never stands in a query."""
    tickets.leave(scanned.text, scanned.purpose)
    return _go("/station/desk")


def _go(path: str) -> Response:
    return redirect(path, 303)  # type: ignore[return-value]


_PLACES: Final[dict[str, Callable[[Scanned, Ticket], Response]]] = {
    signing.ACTIVITY_CODE: _activity,
    signing.POSTER: _activity,
    signing.VOLUNTEER_CODE: _person,
    signing.CARD: _person,
    signing.HOLD: _hold,
    signing.RECEIPT: _receipt,
    signing.STATION: _station,
    signing.BINDING: _binding,
    signing.DEVICE: _device,
}
