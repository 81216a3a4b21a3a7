"""我的码 (wireframe W2): a picture that is read once, and below it the same code to say aloud."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, redirect, request, session
from flask_babel import gettext as _

from ledger.domain.act import instant, micros
from ledger.domain.errors import LedgerError, NotFound
from ledger.passes.signing import VOLUNTEER_CODE, VOLUNTEER_PERIOD_SECONDS, Pass
from ledger.storage import goods, residents, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import served_by, signer
from ledger.usecases.set_pin import has_pin
from ledger.usecases.show_code import show_code
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.public import frame, telling
from ledger.web.public.pictures import png

SHOWN: Final = "code"
REFRESH_SECONDS: Final = 25
SPOKEN_MINUTES: Final = 5
HELPERS: Final = 3

blueprint = Blueprint("my_code", __name__)


@blueprint.get("/me/code")
@gate.signed_in
def code() -> Response:
    """A fresh code each time; or, when the one shown last was used, where and when."""
    seen = gate.book().read(_seen)
    used = seen.pop("used")
    card = {**used, "src": "", "spoken": ""} if used else _fresh()
    response = frame.page(
        "volunteer/code.html", title=_("我的码"), tab="home", code=card, refresh_seconds=0 if used else REFRESH_SECONDS, **seen
    )
    if not used and seen["is_elder"]:
        # A page without script renews itself by the header: a browser that runs scripts ignores what stands in <noscript>.
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@blueprint.get("/me/code/new")
@gate.signed_in
def new_code() -> Response:
    """After a used code: the next one."""
    session.pop(SHOWN, None)
    return redirect("/me/code", 303)  # type: ignore[return-value]


@blueprint.get("/me/code.png")
@gate.signed_in
def picture() -> Response:
    """The picture of the code this browser was just given. It is never kept by anybody on the way."""
    text, _shown_at = _kept()
    _own(text, gate.now())
    return png(text)


@blueprint.get("/me/card")
@gate.signed_in
def card() -> Response:
    """What to do without a network, or without this phone: the paper card."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        return {"number": resident.card, "name": resident.name, "has_pin": has_pin(unit, resident.id)}

    return frame.page("volunteer/card.html", title=_("纸卡"), tab="home", **gate.book().read(read))


@blueprint.get("/me/help")
@gate.signed_in
def help_page() -> Response:
    """找人帮忙: one sentence to show, and where the people are who help."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        balance = statements.balance(unit, resident.id, gate.now())
        return {
            "name": resident.name,
            "card_tail": resident.card[-4:],
            "spendable": telling.points(balance.spendable),
            "pending": telling.points(balance.pending),
            "stations": residents.stations_of(unit, resident.pool, HELPERS),
        }

    return frame.page("volunteer/help.html", title=_("找人帮忙"), tab="home", **gate.book().read(read))


def _fresh() -> dict[str, Any]:
    shown = show_code(gate.book(), unkeyed_request("show_code"))
    session[SHOWN] = [shown["pass"], micros(gate.now())]
    left = int((instant(shown["expires_at"]) - gate.now()).total_seconds())
    return {
        # The number makes the address new, so that a browser fetches the new picture; it says nothing.
        "src": f"/me/code.png?at={int(gate.now().timestamp())}",
        "spoken": shown["spoken_code"],
        "seconds_left": max(1, min(left, VOLUNTEER_PERIOD_SECONDS)),
        "period": VOLUNTEER_PERIOD_SECONDS,
        "state": "fresh",
        "used": "",
        "card_href": "/me/card",
        "spoken_minutes": SPOKEN_MINUTES,
    }


def _seen(unit: Unit) -> dict[str, Any]:
    resident = frame.me(unit)
    asked_elder = request.args.get("size") == "elder"
    return {"name": resident.name, "is_elder": resident.is_elder or asked_elder, "used": _used(unit), "receipt_href": _receipt(unit)}


def _used(unit: Unit) -> dict[str, Any] | None:
    """What the card says when the code shown last was used: when, where, by whom."""
    row = unit.row(goods.PASS_USE, nonce=_nonce())
    if row is None:
        return None
    at, station, by = row
    found = goods.station(unit, station) if station else None
    words = _("%(at)s在%(station)s用过", at=telling.clock(instant(at)), station=found.name if found else _("站点"))
    keeper = served_by(unit, by)
    return {"state": "used", "used": f"{words}，{_('经手%(who)s', who=keeper)}。" if keeper else f"{words}。"}


def _receipt(unit: Unit) -> str:
    receipt = residents.receipt_of_pass(unit, _nonce())
    return f"/receipts/{receipt}" if receipt else ""


def _nonce() -> str:
    """The nonce of the code this browser showed last, read as of then; empty when it was another person's."""
    text, shown_at = _kept()
    try:
        return (_own(text, shown_at).nonce or b"").hex()
    except LedgerError:
        return ""


def _kept() -> tuple[str, datetime]:
    """The code in the signed form cookie and when it was shown."""
    kept = session.get(SHOWN) or ["", 0]
    return str(kept[0]), instant(int(kept[1]))


def _own(text: str, at: datetime) -> Pass:
    """The pass of the text as of a moment. Raises NotFound when it is not a code of whoever is signed in, PassInvalid, PassExpired."""
    read = signer(gate.book()).read(text, at, purposes={VOLUNTEER_CODE})
    if not gate.actor().is_self(read.subject):
        raise NotFound("code")
    return read
