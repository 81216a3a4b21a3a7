"""Logins and what they may do: adding one, giving and ending roles, disabling one, ending its sessions. Admins, who move no points."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, Final

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger.domain.errors import InvalidInput, LedgerError, NotFound
from ledger.domain.people import mask_name
from ledger.passes.image import png_data_uri
from ledger.storage import access, people, registers
from ledger.storage.access import DatedGrant, Login
from ledger.storage.unit_of_work import Unit
from ledger.usecases.add_login import add_login, disable_login
from ledger.usecases.end_sessions import end_sessions
from ledger.usecases.give_role import SCOPED_BY, end_role, give_role
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.office.forms import GrantForm, LoginForm, options
from ledger.web.office.place import ROWS, blueprint, end_of, href, moment, page, turned, writes
from ledger.web.office.words import ROLES, SESSION_KINDS

SEES: Final = ("admin", "auditor")
SAYABLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_GROUPS: Final = 4


@blueprint.get("/users")
@gate.allow(*SEES)
def users() -> Response:
    """Logins by name with their roles, and people who hold a role without one."""
    after = request.args.get("after", "")[:64]

    def find(unit: Unit) -> dict[str, Any]:
        found = access.logins(unit, after, ROWS + 1)
        bare = registers.people_with_roles(unit, gate.now())
        grants = registers.grants_of_many(unit, [login.id for login in found] + bare)
        names = people.names(unit, [login.person for login in found if login.person] + bare)
        return {"logins": found, "bare": bare, "grants": grants, "names": names}

    found = gate.book().read(find)
    shown: list[Login] = found["logins"][:ROWS]
    more = len(found["logins"]) > ROWS
    return page(
        "users.html",
        title=_("账号"),
        current="users",
        may_write=writes("admin"),
        rows=[_row(login, found["grants"].get(login.id, []), found["names"]) for login in shown],
        bare=[
            {"name": mask_name(found["names"].get(id, id)), "href": href("user", id=id), "roles": _present(found["grants"].get(id, []))}
            for id in found["bare"]
        ]
        if not after
        else [],
        next=turned("users", after=shown[-1].login) if more else "",
        start=turned("users", after="") if after else "",
    )


@blueprint.get("/users/new")
@gate.allow("admin")
def new_user() -> Response:
    return _new_page(LoginForm(formdata=None))


@blueprint.post("/users/new")
@gate.allow("admin")
def take_user() -> Response:
    """Add a login with a password made at random. It and the one-time secret are shown in this answer and nowhere again."""
    form = LoginForm()
    if not form.validate():
        return _new_page(form, status=422)
    typed = {"login": form.login.data or "", "role": form.role.data or "", "person": form.person.data or "", **_scope(form)}
    password = new_password()
    try:
        answer = add_login(gate.book(), page_request("add_login", typed), password=password, **typed)
    except LedgerError as error:
        return _new_page(form, error=error)
    return page(
        "user_added.html",
        title=_("账号加好了"),
        current="users",
        login=answer["login"],
        role=ROLES[answer["role"]],
        password=password,
        otp=png_data_uri(answer["otp_uri"]) if answer.get("otp_uri") else "",
        otp_secret=_secret_of(answer.get("otp_uri", "")),
    )


@blueprint.get("/users/<id>")
@gate.allow(*SEES)
def user(id: str) -> Response:
    return user_page(id)


@blueprint.post("/users/<id>/grants")
@gate.allow("admin")
def take_grant(id: str) -> Response:
    """Give a role from now on; for a deputy until the end of a day."""
    form = GrantForm()
    if not form.validate():
        return user_page(id, form=form, status=422)
    typed = {"grantee": id, "role": form.role.data or "", **_scope(form)}
    until = end_of(form.until.data) if form.until.data else None
    try:
        deputy = _grantee_of(form.deputy_for.data or "")
        body = {**typed, "until": until.isoformat() if until else "", "deputy_for": deputy}
        give_role(gate.book(), page_request("give_role", body), **typed, until=until, deputy_for=deputy)
    except LedgerError as error:
        return user_page(id, form=form, error=error)
    flash(_("岗位已给，下一次点击就算数。"), "done")
    return _go(href("user", id=id))


@blueprint.post("/users/<id>/grants/<grant>/end")
@gate.allow("admin")
def take_grant_back(id: str, grant: str) -> Response:
    end_role(gate.book(), page_request("end_role", {"grant": grant}), grant=grant)
    flash(_("岗位已收回。"), "done")
    return _go(href("user", id=id))


@blueprint.post("/users/<id>/disable")
@gate.allow("admin")
def disable(id: str) -> Response:
    """Disable a login and end its sessions. Nobody disables their own."""
    login = _login(id)
    if login.id == gate.actor().id:
        return user_page(id, error=InvalidInput("login", "unknown_field"))
    disable_login(gate.book(), page_request("disable_login", {"login": login.login}), login=login.login)
    flash(_("账号已停用，它的登录都已结束。"), "done")
    return _go(href("user", id=id))


@blueprint.post("/users/<id>/sessions/end")
@gate.allow("admin")
def end_user_sessions(id: str) -> Response:
    login = _login(id)
    done = end_sessions(gate.book(), page_request("end_sessions", {"login": login.login}), login=login.login)
    flash(_("结束了%(n)s个登录。", n=done["ended"]) if done["ended"] else _("没有开着的登录。"), "done" if done["ended"] else "note")
    return _go(href("user", id=id))


def new_password() -> str:
    """Sixteen letters in four groups, easily read aloud: 77 bits."""
    return "-".join("".join(secrets.choice(SAYABLE) for _letter in range(4)) for _group in range(PASSWORD_GROUPS))


def user_page(id: str, *, form: GrantForm | None = None, error: LedgerError | None = None, status: int = 200) -> Response:
    def find(unit: Unit) -> dict[str, Any]:
        login = access.login_by_id(unit, id) if id.startswith("U") else None
        holder = people.holder(unit, login.person if login else id)
        if login is None and (holder is None or not id.startswith("V")):
            raise NotFound("login")
        return {
            "login": login,
            "name": holder.name if holder else "",
            "person": holder.id if holder else "",
            "grants": registers.grants_of_many(unit, [id]).get(id, []),
            "sessions": registers.sessions_of(unit, id, gate.now()),
        }

    found = gate.book().read(find)
    login: Login | None = found["login"]
    form = form or GrantForm(formdata=None)
    fill_scopes(form)
    now = gate.now()
    return page(
        "user.html",
        title=login.login if login else mask_name(found["name"]),
        current="users",
        error=error,
        status=status,
        id=id,
        is_login=login is not None,
        is_disabled=bool(login and login.is_disabled),
        is_self=id == gate.actor().id,
        has_otp=bool(login and login.otp_secret),
        behind=mask_name(found["name"]) if found["name"] else "",
        grants=[_grant(grant, now) for grant in found["grants"]],
        form=form,
        kept_key=optional_key(),
        may_write=writes("admin"),
        sessions=[
            {
                "kind": SESSION_KINDS.get(one.kind, one.kind),
                "since": moment(one.created_at),
                "seen": moment(one.seen_at),
                "until": moment(one.expires_at),
            }
            for one in found["sessions"]
        ],
        journal_href=href("journal", actor=login.login if login else id),
    )


def fill_scopes(form: Any) -> None:
    """Stations and areas to choose from."""

    def find(unit: Unit) -> tuple[list[Any], list[people.Area]]:
        return unit.rows(registers.STATIONS), people.areas(unit)

    stations, areas = gate.book().read(find)
    form.station.choices = options([("", "—"), *((row[0], f"{row[0]} {row[1]}") for row in stations)])
    places = ((area.code, area.path) for area in areas if area.kind in ("town", "community", "grid"))
    form.area.choices = options([("", _("— 全区 —")), *places])


def _scope(form: Any) -> dict[str, str]:
    """Only the scope that fits the role: the other field of the form is not asked for and not passed on."""
    scoped = SCOPED_BY.get(form.role.data or "", "")
    return {name: (getattr(form, name).data or "") if name == scoped else "" for name in ("station", "area")}


def _new_page(form: LoginForm, *, error: LedgerError | None = None, status: int = 200) -> Response:
    fill_scopes(form)
    return page("user_new.html", title=_("加一个账号"), current="users", form=form, kept_key=optional_key(), error=error, status=status)


def _login(id: str) -> Login:
    found = gate.book().read(lambda unit: access.login_by_id(unit, id))
    if found is None:
        raise NotFound("login")
    return found


def _grantee_of(name: str) -> str:
    """The login's id behind a name typed for "deputy for", or empty."""
    if not name:
        return ""
    found = gate.book().read(lambda unit: access.login_by_name(unit, name.lower()))
    if found is None:
        raise NotFound("login")
    return found.id


def _row(login: Login, grants: list[DatedGrant], names: dict[str, str]) -> dict[str, Any]:
    return {
        "login": login.login,
        "href": href("user", id=login.id),
        "roles": _present(grants),
        "is_disabled": login.is_disabled,
        "person": mask_name(names[login.person]) if login.person in names else "",
        "has_otp": bool(login.otp_secret),
    }


def _present(grants: list[DatedGrant]) -> list[str]:
    """Roles in force now, with their scope."""
    return [f"{ROLES[one.role]}{' ' + one.scope if one.scope else ''}" for one in grants if _is_present(one, gate.now())]


def _is_present(grant: DatedGrant, now: datetime) -> bool:
    return grant.from_at <= now and (grant.until_at is None or grant.until_at > now)


def _grant(grant: DatedGrant, now: datetime) -> dict[str, Any]:
    return {
        "id": grant.id,
        "role": ROLES.get(grant.role, grant.role),
        "scope": grant.scope,
        "from_at": moment(grant.from_at),
        "until_at": moment(grant.until_at),
        "is_present": _is_present(grant, now),
        "deputy_for": grant.deputy_for,
    }


def _secret_of(otp_uri: str) -> str:
    """The secret to type where a telephone cannot scan, in groups of four."""
    _head, _mark, rest = otp_uri.partition("secret=")
    secret = rest.partition("&")[0]
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))


def _go(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]
