"""我的: 长者模式, the six digits of one's card, the language, other phones, signing out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import PasswordField

from ledger import boundary
from ledger.domain.errors import InvalidInput, LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases.set_pin import has_pin, set_pin
from ledger.usecases.sign_out import sign_out_everywhere
from ledger.web import gate
from ledger.web.asking import page_request, unkeyed_request
from ledger.web.public import frame
from ledger.web.refusing import sentence_of
from ledger.web.volunteer.home import work_places

blueprint = Blueprint("settings", __name__)


class PinForm(FlaskForm):
    """The six digits, twice. They are checked by `set_pin`; here only that both are alike."""

    class Meta:
        csrf = False  # checked before every form's view (headers.install)

    pin = PasswordField()
    again = PasswordField()

    def given(self) -> str:
        """Raises InvalidInput when the two differ."""
        if (self.pin.data or "") != (self.again.data or ""):
            raise InvalidInput("pin", "differs")
        return (self.pin.data or "").strip()


@blueprint.get("/me/settings")
@gate.signed_in
def settings() -> Response:
    return _page()


@blueprint.post("/me/settings/pin")
@gate.signed_in
def pin() -> Response:
    """Set the PIN. The request's body holds none of it."""
    try:
        request_ = page_request("set_pin", {})
        set_pin(gate.book(), request_, person=gate.actor().person, pin=PinForm().given())
    except LedgerError as error:
        return _page(error)
    flash(_("卡密设好了。在站点刷卡时由您自己按，别告诉别人。"), "done")
    return redirect("/me/settings", 303)  # type: ignore[return-value]


@blueprint.post("/me/settings/other-phones")
@gate.signed_in
def other_phones() -> Response:
    """End every other session of this person."""
    ended = sign_out_everywhere(gate.book(), unkeyed_request("sign_out_everywhere"), but=g.token)
    flash(_("别的手机和电脑上已退出（%(n)s处）。", n=ended) if ended else _("没有别的地方登录着。"), "done")
    return redirect("/me/settings", 303)  # type: ignore[return-value]


def _page(error: LedgerError | None = None) -> Response:
    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        return {
            "card_tail": resident.card[-4:],
            "has_pin": has_pin(unit, resident.id),
            "is_elder": resident.is_elder,
        }

    values = gate.book().read(read)
    return frame.page(
        "volunteer/settings.html",
        title=_("我的"),
        tab="settings",
        status=boundary.http_status(error) if error else 200,
        error=_pin_words(error) if error else "",
        work=work_places(),
        **values,
    )


def _pin_words(error: LedgerError) -> str:
    if error.facts.get("reason") == "differs":
        return str(_("两次按的不一样，没有改。请再按一遍。"))
    return sentence_of(error)
