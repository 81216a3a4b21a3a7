"""One handler for every refusal and every bug: problem+json under /api, a page elsewhere, and never a trace of the inside."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from flask import Flask, Response, current_app, g, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, HTTPException, RequestEntityTooLarge

from ledger import boundary, phrases
from ledger.domain.errors import InvalidInput, LedgerError, NotFound
from ledger.web import gate
from ledger.web.language import language
from ledger.web.observe import bug, note_refusal

PROBLEM_JSON: Final = "application/problem+json"
SIGN_IN: Final = "/sign-in"


def install(app: Flask) -> None:
    for kind in boundary.REFUSALS:
        app.register_error_handler(kind, refuse)
    app.register_error_handler(HTTPException, refuse_http)
    app.register_error_handler(Exception, refuse_bug)


def refuse(error: Exception) -> Response:
    """A refusal of ours, with its status, in the language of whoever asked."""
    known = boundary.refusal(error)
    note_refusal(known.code)
    if gate.is_api():
        response = problem_response(problem_of(known))
        if known.kind == "unauthenticated":
            response.headers["WWW-Authenticate"] = "Bearer"
    elif known.kind == "unauthenticated" and request.method == "GET":
        return _to(f"{SIGN_IN}?next={quote(local_path(request.full_path.rstrip('?')), safe='')}")
    else:
        response = page_of(boundary.http_status(known), phrases.title(known.code, language()), sentence_of(known), known.code)
    seconds = boundary.retry_after(known)
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def refuse_http(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse by themselves: no such page, another method, too large, no JSON, an old form."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    note_refusal(f"http_{status}")
    title, detail, code = _words_of_status(error, status)
    if isinstance(error, BadHost):
        return Response(f"{title}\n", status=status, content_type="text/plain; charset=utf-8")  # no address of ours fits such a host
    if gate.is_api():
        response = problem_response(
            {"type": boundary.PROBLEM_TYPE + code, "title": title, "status": status, "detail": detail, "code": code}
        )
    else:
        response = page_of(status, title, detail, code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def refuse_bug(error: Exception) -> Response:
    """Anything else is a bug: logged once with its trace, told without details, found again by the number."""
    bug(error)
    if current_app.testing and current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    title = _("账本这边出了问题")
    detail = _("这一步没有做成，已经记下。请过一会儿再试；打电话时请念这个号：%(number)s", number=g.get("trace", ""))
    if gate.is_api():
        about = {"type": boundary.PROBLEM_TYPE + "internal", "title": title, "status": 500, "detail": detail, "code": "internal"}
        return problem_response(about)
    return page_of(500, title, detail, "internal")


def problem_of(error: LedgerError) -> dict[str, Any]:
    """The problem document of a refusal, told in the request's language and the book's points."""
    settings = gate.book_settings()
    audience: phrases.Audience = "staff" if gate.is_staff() else "resident"
    return boundary.problem(error, language(), settings.scale, audience=audience, zone=settings.zone, now=g.get("now"))


def sentence_of(error: LedgerError) -> str:
    """The sentence of a refusal for this request's page: beside the form it came from, say `sentence_of(error)`."""
    settings = gate.book_settings()
    audience: phrases.Audience = "staff" if gate.is_staff() else "resident"
    return phrases.sentence(error, language(), settings.scale, audience, zone=settings.zone, now=g.get("now"))


def problem_response(about: dict[str, Any]) -> Response:
    response: Response = current_app.json.response({**about, "trace": g.get("trace", "")})  # type: ignore[assignment]
    response.status_code = int(about["status"])
    response.content_type = PROBLEM_JSON
    return response


def page_of(status: int, title: str, detail: str, code: str = "") -> Response:
    """A page that says what is so and what to do, with a number to read out; the words alone where the page cannot be made."""
    number = g.get("trace", "")
    try:
        page, kind = render_template("public/refused.html", title=title, detail=detail, code=code, number=number, status=status), "html"
    except Exception as error:  # noqa: BLE001 (the last resort: whoever was refused is told in any case)
        bug(error)
        page, kind = f"{title}\n{detail}\n{number}\n", "plain"
    return Response(page, status=status, content_type=f"text/{kind}; charset=utf-8")


def local_path(text: str) -> str:
    """A path of this site and nothing else, for where to go after signing in; `/` for whatever looks otherwise."""
    plain = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text and text.isprintable()
    return text if plain and not text.startswith(SIGN_IN) else "/"


def _to(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]


def _words_of_status(error: HTTPException, status: int) -> tuple[str, str, str]:
    """(title, detail, code) of a refusal that is not ours. Only 400 and 404 have a code of the contract."""
    if isinstance(error, CSRFError):
        return _("页面放得太久了"), _("为了安全，这一页要重新打开。什么都没有写入，请返回再填一次。"), "form_stale"
    if isinstance(error, RequestEntityTooLarge):
        return _("内容太大了"), _("一次交的内容太大，什么都没有写入。请分开交，或换小一点的文件。"), "too_large"
    if status == 404:
        found = NotFound()
        return phrases.title(found.code, language()), sentence_of(found), found.code
    if status == 405:
        return _("这里不能这样办"), _("这个地址不接受这种请求，什么都没有动。"), "method_not_allowed"
    known = InvalidInput("body", "not_json") if gate.is_api() else InvalidInput("body")
    return phrases.title(known.code, language()), sentence_of(known), known.code
