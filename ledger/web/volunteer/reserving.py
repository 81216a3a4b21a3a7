"""预留: a station, goods and how many, one look at it all, then a hold with its pick-up code. Cancelling gives everything back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.cycle import Cycle
from ledger.domain.errors import CycleClosed, InvalidInput, LedgerError, NotFound, OutOfStock
from ledger.domain.redemption import Item, Offer
from ledger.storage import cycles, goods, residents, statements
from ledger.storage.goods import Station
from ledger.storage.unit_of_work import Unit
from ledger.usecases.open_session import open_cycle_for_redeeming
from ledger.usecases.reserve_goods import reserve_goods
from ledger.usecases.view_hold import HoldView, open_holds, view_hold
from ledger.usecases.void_hold import void_hold
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public import frame, telling
from ledger.web.public.frame import Resident
from ledger.web.public.pictures import png
from ledger.web.refusing import sentence_of
from ledger.web.volunteer import lines

FIELD: Final = "quantity-"
DIGITS_MAX: Final = 6
MOST: Final = 99
FEW: Final = 3
STATIONS_MOST: Final = 40

blueprint = Blueprint("reserving", __name__)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A station's goods for one person: offers with what they took already, pieces on the shelf, points they may spend."""

    resident: Resident
    station: Station
    offers: dict[str, Offer]
    left: dict[str, int]
    spendable: int
    cycle: Cycle | None


@blueprint.get("/me/reserve")
@gate.signed_in
def stations() -> Response:
    """Own holds first, then the stations of one's community; others by searching."""
    text = request.args.get("find", "").strip()[:40]

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        found = (
            residents.search_stations(unit, text, most=STATIONS_MOST) if text else residents.stations_of(unit, resident.pool, STATIONS_MOST)
        )
        return {
            "holds": [_hold_row(view) for view in open_holds(unit, resident.id)],
            "stations": [_station_row(station) for station in found],
            "closed": _closed(unit),
        }

    values = gate.book().read(read)
    return frame.page("volunteer/reserve.html", title=_("预留物品"), tab="home", find=text, **values)


@blueprint.get("/me/reserve/<string:station>")
@gate.signed_in
def choose(station: str) -> Response:
    """The goods of a station with a quantity beside each. Nothing is written until the last page."""
    shelf = gate.book().read(lambda unit: _shelf(unit, station))
    return _choose_page(shelf, _quantities(dict(request.args)))


@blueprint.get("/me/reserve/<string:station>/review")
@gate.signed_in
def review(station: str) -> Response:
    """One look before confirming: what, for how many points, where and until when."""
    shelf = gate.book().read(lambda unit: _shelf(unit, station))
    chosen = _quantities(dict(request.args))
    if not chosen:
        return _choose_page(shelf, chosen, InvalidInput("items", "missing"))
    return _review_page(shelf, chosen)


@blueprint.post("/me/reserve/<string:station>")
@gate.signed_in
def confirm(station: str) -> Response:
    chosen = _quantities(dict(request.form))
    items = [Item(sku, quantity) for sku, quantity in sorted(chosen.items())]
    try:
        body = {"station": station, "items": [[item.sku, item.quantity] for item in items]}
        answer = reserve_goods(gate.book(), page_request("reserve_goods", body), holder=_person(), station=station, items=items)
    except LedgerError as error:
        shelf = gate.book().read(lambda unit: _shelf(unit, station))
        return _review_page(shelf, chosen, error)
    flash(_("已预留。到站点亮这张码就能领。"), "done")
    return redirect(url_for("reserving.hold", id=answer["hold"]), 303)  # type: ignore[return-value]


@blueprint.get("/me/holds/<string:id>")
@gate.signed_in
def hold(id: str) -> Response:
    """The hold: its pick-up code while it waits, else what became of it."""

    def read(unit: Unit) -> HoldView:
        return view_hold(unit, id, frame.me(unit).id)

    view = gate.book().read(read)
    values = _hold_values(view)
    return frame.page("volunteer/hold.html", title=_("我的预留"), tab="home", **values)


@blueprint.get("/me/holds/<string:id>/code.png")
@gate.signed_in
def hold_picture(id: str) -> Response:
    view = gate.book().read(lambda unit: view_hold(unit, id, _person()))
    if view.hold.state != "held":
        raise NotFound("hold")
    return png(view.text)


@blueprint.post("/me/holds/<string:id>/cancel")
@gate.signed_in
def cancel(id: str) -> Response:
    try:
        void_hold(gate.book(), page_request("void_hold", {"hold": id}), hold=_own_hold(id))
    except LedgerError as error:
        flash(sentence_of(error), "refused")
        return redirect(url_for("reserving.hold", id=id), 303)  # type: ignore[return-value]
    flash(_("预留已取消。积分和物品都退回。"), "done")
    return redirect(url_for("reserving.hold", id=id), 303)  # type: ignore[return-value]


def _shelf(unit: Unit, code: str) -> Shelf:
    """Raises NotFound for a station that is not open."""
    resident = frame.me(unit)
    station = goods.station(unit, code)
    if station is None or station.status != "open":
        raise NotFound("station")
    left = {row[0]: int(row[4]) for row in unit.rows(goods.SHELF, station=code)}
    try:
        cycle: Cycle | None = open_cycle_for_redeeming(unit, gate.now())
    except CycleClosed:
        cycle = None
    offers = goods.offers(unit, [Item(sku, 1) for sku in left], resident.id, cycle.name if cycle else "")
    spendable = statements.balance(unit, resident.id, gate.now()).spendable
    return Shelf(resident, station, offers, left, spendable, cycle)


def _choose_page(shelf: Shelf, chosen: dict[str, int], error: LedgerError | None = None) -> Response:
    goods_rows = [_offer_row(shelf, offer, chosen.get(sku, 0)) for sku, offer in shelf.offers.items()]
    goods_rows.sort(key=lambda row: (bool(row["reason"]), row["name"]))
    return frame.page(
        "volunteer/choose.html",
        title=_("选物品"),
        tab="home",
        status=boundary.http_status(error) if error else 200,
        station=_station_row(shelf.station),
        action=f"/me/reserve/{shelf.station.code}/review",
        goods=goods_rows,
        can_choose=any(not row["reason"] for row in goods_rows),
        spendable=telling.points(shelf.spendable),
        closed=_closed_words(shelf.cycle),
        error=_("还没选物品。在要的物品旁边写上数量。") if error else "",
    )


def _offer_row(shelf: Shelf, offer: Offer, chosen: int) -> dict[str, Any]:
    """One good: how many may be taken now, or why none."""
    left = shelf.left[offer.sku]
    room = MOST if offer.limit_per_cycle is None else max(0, offer.limit_per_cycle - offer.taken)
    most = min(left, room, MOST)
    reason = ""
    if left <= 0:
        reason = str(_("已发完"))
    elif room <= 0:
        reason = str(_("每季%(n)s%(unit)s，您已领满", n=offer.limit_per_cycle, unit=offer.unit))
    elif offer.price_points > shelf.spendable:
        reason = str(_("还差%(n)s分", n=telling.points(offer.price_points - shelf.spendable)))
    return {
        "sku": offer.sku,
        "name": offer.name,
        "unit": offer.unit,
        "points": telling.points(offer.price_points),
        "left": left,
        "few": left <= FEW,
        "limit": "" if offer.limit_per_cycle is None else str(_("每季%(n)s%(unit)s", n=offer.limit_per_cycle, unit=offer.unit)),
        "most": most,
        "quantity": min(chosen, most),
        "reason": reason,
    }


def _review_page(shelf: Shelf, chosen: dict[str, int], error: LedgerError | None = None) -> Response:
    """The lines as they will be kept. A refusal is told above them; the same key goes on, for a retry after silence."""
    unknown = [sku for sku in chosen if sku not in shelf.offers]
    if unknown and error is None:
        raise NotFound("goods")
    rows = []
    for sku, quantity in sorted(chosen.items()):
        offer = shelf.offers.get(sku)
        if offer is not None:
            points = telling.points(offer.price_points * quantity)
            rows.append({"sku": sku, "name": offer.name, "quantity": f"{quantity}{offer.unit}", "count": quantity, "points": points})
    total = sum(shelf.offers[sku].price_points * quantity for sku, quantity in chosen.items() if sku in shelf.offers)
    query = "&".join(f"{FIELD}{sku}={quantity}" for sku, quantity in sorted(chosen.items()))
    return frame.page(
        "volunteer/review.html",
        title=_("看一遍再确认"),
        tab="home",
        status=boundary.http_status(error) if error else 200,
        station=_station_row(shelf.station),
        action=f"/me/reserve/{shelf.station.code}",
        back_href=f"/me/reserve/{shelf.station.code}?{query}",
        rows=rows,
        total=telling.points(total),
        after=telling.points(shelf.spendable - total) if total <= shelf.spendable else None,
        short=telling.points(total - shelf.spendable) if total > shelf.spendable else None,
        until=_until(shelf.cycle),
        closed=_closed_words(shelf.cycle),
        key=optional_key() or new_request_key(),
        error=sentence_of(error) if error else "",
        is_gone=isinstance(error, OutOfStock),
    )


def _hold_values(view: HoldView) -> dict[str, Any]:
    lines_shown = [{"name": line.name, "quantity": line.quantity, "points": telling.points(line.points)} for line in view.lines]
    is_over = view.hold.state == "held" and view.hold.expires_at <= gate.now()
    return {
        "id": view.hold.id,
        "state": "expired" if is_over else view.hold.state,
        "lines": lines_shown,
        "total": telling.points(view.hold.points),
        "station": _station_row(view.station),
        "until": _("%(day)s24:00前", day=telling.day(telling.end_of(view.hold.expires_at), near=True)),
        "placed": telling.moment(view.hold.placed_at),
        "resolved": telling.moment(view.hold.resolved_at) if view.hold.resolved_at else "",
        "src": f"/me/holds/{view.hold.id}/code.png",
        "spoken": view.code,
        "receipt_href": f"/receipts/{view.receipt}" if view.receipt else "",
    }


def _hold_row(view: HoldView) -> dict[str, str]:
    return {
        "title": lines.goods_words(view.lines),
        "sub": lines.fetch_words(view),
        "amount": str(_("%(n)s分", n=telling.points(view.hold.points))),
        "href": f"/me/holds/{view.hold.id}",
    }


def _station_row(station: Station) -> dict[str, str]:
    return {
        "code": station.code,
        "name": station.name,
        "hours": station.hours,
        "address": station.address,
        "href": f"/me/reserve/{station.code}",
    }


def _closed(unit: Unit) -> str:
    try:
        open_cycle_for_redeeming(unit, gate.now())
    except CycleClosed as error:
        ahead = [c for c, _carry_over in cycles.all_cycles(unit) if c.state in ("earning", "frozen", "noticed")]
        return _opens_words(ahead) or sentence_of(error)
    return ""


def _opens_words(ahead: list[Cycle]) -> str:
    later = [c for c in ahead if c.notice_ends_at > gate.now()]
    return str(_("现在不是兑换期。%(day)s公示结束后可以预留。", day=telling.day(telling.end_of(later[0].notice_ends_at)))) if later else ""


def _closed_words(cycle: Cycle | None) -> str:
    return "" if cycle is not None else str(_("现在不是兑换期，可以先看看，到兑换期再预留。积分没动。"))


def _until(cycle: Cycle | None) -> str:
    if cycle is None or cycle.redeem_until is None:
        return ""
    return str(_("%(day)s24:00前", day=telling.day(telling.end_of(cycle.redeem_until), near=True)))


def _quantities(given: dict[str, str]) -> dict[str, int]:
    """The quantities that are more than nothing. Raises InvalidInput for what is no whole number."""
    chosen: dict[str, int] = {}
    for name, text in given.items():
        if name.startswith(FIELD) and text.strip():
            plain = text.strip()
            if not (plain.isascii() and plain.isdecimal()) or len(plain) > DIGITS_MAX:
                raise InvalidInput("quantity")
            if int(plain):
                chosen[name.removeprefix(FIELD)] = int(plain)
    return chosen


def _person() -> str:
    return gate.actor().person


def _own_hold(id: str) -> str:
    """The id, when it is one's own: staff cancel others' holds at their own desk, not here. Raises NotFound."""
    return gate.book().read(lambda unit: view_hold(unit, id, _person())).hold.id
