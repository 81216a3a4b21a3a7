"""The door: the front page, signing in with a password, coming in with a code or by the roster, signing out."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import LedgerError, OtpRequired, TooManyRequests, Unauthenticated
from ledger.passes.spoken import is_code
from ledger.usecases.bind_phone import bind, match
from ledger.usecases.open_sign_in import roles_of
from ledger.usecases.request import Answer
from ledger.usecases.sign_in import sign_in
from ledger.usecases.sign_out import sign_out
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.refusing import local_path, sentence_of

HOMES: Final = {"volunteer": "/me", "keeper": "/station", "organiser": "/organiser"}
OFFICE: Final = "/office"

blueprint = Blueprint("signing", __name__)


@blueprint.get("/")
@gate.everyone
def front() -> str | Response:
    """Whoever is signed in goes to their own place; others are shown the ways in and what anyone may see."""
    who = gate.actor_or_none()
    if who is not None:
        roles = roles_of(who.grants)
        return _go(HOMES.get(roles[0], OFFICE) if roles else "/sign-out")
    return render_template("public/front.html", title=_("三联账本"), district=gate.book_settings().name)


@blueprint.get("/sign-in")
@gate.everyone
def show_sign_in() -> Response:
    return _sign_in_page(local_path(request.args.get("next", "/")), with_otp="otp" in request.args)


@blueprint.post("/sign-in")
@gate.everyone
def take_sign_in() -> Response:
    """Sign in with login and password; where a one-time code is needed the form comes back with a place for it."""
    form, onward = request.form, local_path(request.form.get("next", "/"))
    try:
        answer = sign_in(
            gate.book(),
            unkeyed_request("sign_in"),
            login=form.get("login", "")[:128],
            password=form.get("password", "")[:256],
            otp=form.get("otp", "")[:16],
            address=request.remote_addr or "",
            kind="web",
        )
    except OtpRequired as error:
        return _sign_in_page(onward, error=error, with_otp=True, login=form.get("login", ""))
    except (Unauthenticated, TooManyRequests) as error:
        return _sign_in_page(onward, error=error, with_otp="otp" in form, login=form.get("login", ""))
    return _welcome(answer, onward)


@blueprint.get("/bind")
@gate.everyone
def show_bind() -> Response:
    return _bind_page()


@blueprint.post("/bind")
@gate.everyone
def take_bind() -> Response:
    """Come in with a binding code, with card number and phone tail, or with name and phone."""
    code, tail = request.form.get("code", "").strip()[:500], request.form.get("tail", "").strip()[:40]
    address = request.remote_addr or ""
    try:
        if _is_binding(code):
            answer = bind(gate.book(), unkeyed_request("bind"), shown=code, address=address)
        else:
            answer = match(gate.book(), unkeyed_request("match"), known=code, tail=tail, address=address)
    except LedgerError as error:
        return _bind_page(error, code, tail)
    return _welcome(answer, "/")


@blueprint.get("/sign-out")
@gate.everyone
def show_sign_out() -> str:
    return render_template("public/sign_out.html", title=_("退出"))


@blueprint.post("/sign-out")
@gate.everyone
def take_sign_out() -> Response:
    """End the session here and now, and let the browser forget its pages."""
    if gate.actor_or_none() is not None:
        sign_out(gate.book(), unkeyed_request("sign_out"), g.token)
    return gate.forget_signed_in(_go("/"))


def _is_binding(code: str) -> bool:
    """A spoken code or a scanned pass, rather than a card number or a name: both of those are shorter or all digits."""
    return is_code(code) and not code.isdigit() or len(code) > 40


def _sign_in_page(onward: str, *, error: LedgerError | None = None, with_otp: bool = False, login: str = "") -> Response:
    said = _sign_in_words(error) if error else ""
    values = {"next": onward, "error": said, "with_otp": with_otp, "login": login[:128], "district": gate.book_settings().name}
    page = render_template("public/sign_in.html", title=_("登录"), **values)
    return _refused(page, error)


def _sign_in_words(error: LedgerError) -> str:
    """A refused password is told as that: the general sentence speaks to those who have not tried yet."""
    if isinstance(error, Unauthenticated) and not isinstance(error, OtpRequired):
        return str(_("登录名、密码或动态码对不上。什么都没有动，核对后再登录。"))
    return sentence_of(error)


def _bind_page(error: LedgerError | None = None, code: str = "", tail: str = "") -> Response:
    said = _bind_words(error) if error else ""
    offers_roster = gate.book_settings().sign_in.roster_match
    page = render_template("public/bind.html", title=_("志愿者进入"), error=said, code=code, tail=tail, offers_roster=offers_roster)
    return _refused(page, error)


def _bind_words(error: LedgerError) -> str:
    if isinstance(error, Unauthenticated):
        return str(_("和名册对不上。什么都没有动，核对后再试，或请站点工作人员给您一个绑定码。"))
    return sentence_of(error)


def _refused(page: str, error: LedgerError | None) -> Response:
    response = make_response(page, boundary.http_status(error) if error else 200)
    if error is not None and (seconds := boundary.retry_after(error)) is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def _welcome(answer: Answer, onward: str) -> Response:
    return gate.keep_signed_in(_go(onward), answer)


def _go(path: str) -> Response:
    return make_response(redirect(path, 303))
