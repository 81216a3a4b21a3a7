"""One hand-over again: its receipt, a slip to print, and taking it back — with the person's code within two minutes, or by a colleague."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, flash, make_response, render_template, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.usecases.view_desk import HandedOver
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public.telling import moment, points
from ledger.web.station import showing, tickets
from ledger.web.station.desk import is_unknown, receipt_values, unknown_page
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, standing_of, typed

REASON_MAX: Final = 500


@blueprint.get("/hand-overs/<string:id>")
@gate.allow("keeper")
def receipt(id: str) -> str:
    """The receipt of a hand-over at one of the keeper's stations."""

    def look(unit: Unit) -> dict[str, Any]:
        made = view_desk.hand_over(unit, gate.actor(), id)
        may_undo = not made.redemption.reversed_by
        return {"receipt": receipt_values(unit, made), "desk": _bar(unit), "undo_href": _undo_href(made) if may_undo else ""}

    slip_href = url_for("station.slip", id=id)
    return render_template("station/receipt.html", title=_("发放凭证"), slip_href=slip_href, **gate.book().read(look))


@blueprint.get("/hand-overs/<string:id>/slip")
@gate.allow("keeper")
def slip(id: str) -> str:
    """The receipt for a 58 mm printer."""

    def look(unit: Unit) -> dict[str, Any]:
        made = view_desk.hand_over(unit, gate.actor(), id)
        values = receipt_values(unit, made)
        lines = [f"{moment(made.redemption.at, near=False)}", f"{made.person}", *(f"{i['name']} {i['quantity']}" for i in values["items"])]
        figures = _("用%(used)s分", used=points(made.redemption.points))
        return {"lines": lines, "figures": figures, "qr": values["qr"], "number": values["number"], "station": made.station}

    return render_template("station/slip.html", title=_("小票"), back_href=url_for("station.receipt", id=id), **gate.book().read(look))


@blueprint.post("/undo")
@gate.allow("keeper")
def undo() -> Response:
    """From the desk's undo line to the page that asks for the person's code."""
    return go("station.show_undo", id=typed("redemption", 40))


@blueprint.get("/hand-overs/<string:id>/undo")
@gate.allow("keeper")
def show_undo(id: str) -> Response:
    return _page(id)


@blueprint.post("/hand-overs/<string:id>/undo")
@gate.allow("keeper")
def take_undo(id: str) -> Response:
    """Take it back. The keeper who served shows the person's code again; anybody else gives a reason."""
    shown, reason = tickets.normal(typed("code")), typed("reason", REASON_MAX).strip()
    try:
        answer = reverse_hand_over(
            gate.book(),
            page_request("reverse_hand_over", {"redemption": id}),
            redemption=id,
            reason=reason or _("当场撤回"),
            volunteer=shown,
        )
    except LedgerError as error:
        if is_unknown(error):
            return unknown_page(url_for("station.take_undo", id=id), {"request_key": optional_key(), "reason": reason}, error)
        return _page(id, refused=error, reason=reason)
    tickets.drop()
    back = gate.book().read(lambda unit: view_desk.hand_over(unit, gate.actor(), id))
    what = showing.pieces_words(back.pieces)
    flash(_("已撤回%(who)s的%(what)s，退回%(n)s分。物品放回货架。", who=back.person, what=what, n=points(answer["points"])), "done")
    return go("station.desk")


def _page(id: str, *, refused: LedgerError | None = None, reason: str = "") -> Response:
    made, desk = gate.book().read(lambda unit: (view_desk.hand_over(unit, gate.actor(), id), _bar(unit)))
    if made.redemption.reversed_by and refused is None:
        return go("station.receipt", id=id)
    is_mine = made.redemption.keeper == gate.actor().id
    seconds = int((made.undo_until - gate.now()).total_seconds())
    body = render_template(
        "station/undo.html", title=_("撤回"), desk=desk, who=made.person, what=showing.pieces_words(made.pieces),
        points=points(made.redemption.points), at=moment(made.redemption.at), is_mine=is_mine, seconds=max(0, seconds),
        action=url_for("station.take_undo", id=id), key=optional_key() or new_request_key(), reason=reason,
        refused={"text": showing.blocked_words(refused), "code": refused.code} if refused else None,
        too_late=_too_late() if is_mine and seconds <= 0 else "",
    )  # fmt: skip
    return make_response(body, boundary.http_status(refused) if refused else 200)


def _too_late() -> str:
    return str(_("过了撤回的时间。要撤回，请同站的另一位经手人或经办来做。"))


def _undo_href(made: HandedOver) -> str:
    return url_for("station.show_undo", id=made.redemption.id)


def _bar(unit: Unit) -> dict[str, Any]:
    return bar(standing_of(unit, current()), keeper_name(unit))
