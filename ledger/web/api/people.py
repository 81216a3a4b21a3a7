"""Finding people, letting them in by a binding code, and the accounts and roles of staff."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask import request as http
from pydantic import BaseModel, Field, StringConstraints

from ledger.domain.errors import InvalidInput
from ledger.storage import access
from ledger.storage.unit_of_work import Unit
from ledger.usecases.add_login import add_login, disable_login, set_password
from ledger.usecases.bind_phone import bind, invite, match
from ledger.usecases.give_role import end_role, give_role
from ledger.usecases.open_sign_in import digest_of
from ledger.usecases.view_person import people_found
from ledger.web import gate
from ledger.web.api import ANYONE, PLAIN, Body, Code, Moment, Page, Query, api_blueprint, cursor, nothing
from ledger.web.api.access import SessionAnswer
from ledger.web.api.edge import iso
from ledger.web.asking import api_request, unkeyed_request

blueprint = api_blueprint("api_people", __name__, tag="人员与账号")

Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class PeopleQuery(Query):
    query: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PLAIN)]


class PersonAnswer(BaseModel):
    holder: str
    kind: str
    name: str
    card_tail: str
    area: str
    phones: list[str]


class PeopleAnswer(BaseModel):
    people: list[PersonAnswer]


class HolderPath(BaseModel):
    holder: Code


class InvitationAnswer(BaseModel):
    person: str
    text: str = Field(alias="pass")
    url: str
    spoken_code: str
    expires_at: str


class BindingBody(Body):
    """`code`: the binding pass, its link or its spoken code. Or `known` (card number, or name) and `tail` (of the phone)."""

    code: Code | None = None
    known: Code | None = None
    tail: Code | None = None


class LoginPath(BaseModel):
    login: Code


class UserBody(Body):
    login: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=PLAIN)]
    role: Code
    station: Code | None = None
    area: Code | None = None
    person: Code | None = None
    password: Password | None = None


class UserAnswer(BaseModel):
    login: str
    role: str
    otp_uri: str = ""


class GrantAnswer(BaseModel):
    grant: str
    role: str
    scope: str


class ListedUser(BaseModel):
    id: str
    login: str
    person: str
    disabled: bool
    grants: list[GrantAnswer]


class UsersAnswer(BaseModel):
    users: list[ListedUser]
    cursor: str | None


class GrantBody(Body):
    grantee: Code
    role: Code
    station: Code | None = None
    area: Code | None = None
    until: Moment | None = None
    deputy_for: Code | None = None


class GrantPath(BaseModel):
    grant: Code


class PasswordBody(Body):
    old: Password
    new: Password


@blueprint.get("/people", summary="找人", responses={200: PeopleAnswer})
@gate.allow("keeper", "organiser", "officer", "auditor", "admin")
def people(query: PeopleQuery) -> dict[str, Any]:
    """By name, phone, card number or id; names and phones masked."""
    return gate.book().read(lambda unit: people_found(unit, query.query))


@blueprint.post("/people/<string:holder>/invitation", summary="出一张绑定码", responses={201: InvitationAnswer})
@gate.allow("keeper", "organiser", "officer")
def invitation(path: HolderPath) -> tuple[dict[str, Any], int]:
    """A one-time binding code for somebody who stands here."""
    return invite(gate.book(), api_request("invite", {"person": path.holder}), person=path.holder), 201


@blueprint.post("/bindings", summary="用绑定码或花名册进来", responses={201: SessionAnswer}, security=ANYONE)
@gate.everyone
def binding(body: BindingBody) -> tuple[dict[str, Any], int]:
    """Come in without a password: by a binding code, or by card number or name with the phone. As signing in, without a request key."""
    address = http.remote_addr or ""
    if body.code is not None:
        if body.known is not None or body.tail is not None:
            raise InvalidInput("known", "unknown_field")
        answer = bind(gate.book(), unkeyed_request("bind"), shown=body.code, address=address)
    else:
        if body.known is None or body.tail is None:
            raise InvalidInput("code" if body.known is None else "tail", "missing")
        answer = match(gate.book(), unkeyed_request("match"), known=body.known, tail=body.tail, address=address)
    return {name: answer[name] for name in SessionAnswer.model_fields}, 201


@blueprint.get("/users", summary="账号列表", responses={200: UsersAnswer})
@gate.allow("admin", "auditor")
def users(query: Page) -> dict[str, Any]:
    """Logins with the roles they hold now."""
    after, now = cursor.plain(query.cursor), gate.now()

    def find(unit: Unit) -> dict[str, Any]:
        found = access.logins(unit, after, query.limit)
        listed = [
            {
                "id": login.id, "login": login.login, "person": login.person, "disabled": login.is_disabled,
                "grants": [{"grant": g.id, "role": g.role, "scope": g.scope} for g in access.grants(unit, login.id, now)],
            }
            for login in found
        ]  # fmt: skip
        return {"users": listed, "cursor": found[-1].login if len(found) == query.limit else None}

    return gate.book().read(find)


@blueprint.post("/users", summary="加一个账号，或给已有账号加一个岗位", responses={201: UserAnswer})
@gate.allow("admin")
def add_user(body: UserBody) -> tuple[dict[str, Any], int]:
    """A login with its first role; `otp_uri` where one-time codes are needed."""
    request = api_request("add_login", body.model_dump(exclude={"password"}))
    return add_login(
        gate.book(), request, login=body.login, role=body.role, station=body.station or "", area=body.area or "",
        person=body.person or "", password=body.password or "",
    ), 201  # fmt: skip


@blueprint.delete("/users/<string:login>", summary="停用一个账号", responses={204: None})
@gate.allow("admin")
def disable_user(path: LoginPath) -> Response:
    """Disable a login; its sessions end at once."""
    disable_login(gate.book(), unkeyed_request("disable_login"), login=path.login)
    return nothing()


@blueprint.post("/grants", summary="给一个岗位", responses={201: GrantAnswer})
@gate.allow("admin")
def grant(body: GrantBody) -> tuple[dict[str, Any], int]:
    """Give a login (U…) or a person (V…) a role, for good or until a moment."""
    facts = {**body.model_dump(), "until": iso(body.until) if body.until else None}
    return give_role(
        gate.book(), api_request("give_role", facts), grantee=body.grantee, role=body.role, station=body.station or "",
        area=body.area or "", until=body.until, deputy_for=body.deputy_for or "",
    ), 201  # fmt: skip


@blueprint.delete("/grants/<string:grant>", summary="收回一个岗位", responses={204: None})
@gate.allow("admin")
def end_grant(path: GrantPath) -> Response:
    """End a role now."""
    end_role(gate.book(), unkeyed_request("end_role"), grant=path.grant)
    return nothing()


@blueprint.put("/me/password", summary="改自己的密码", responses={204: None})
@gate.signed_in
def change_password(body: PasswordBody) -> Response:
    """Change one's own password; other sessions end."""
    set_password(gate.book(), unkeyed_request("set_password"), old=body.old, new=body.new, keep_session=digest_of(gate.bearer()))
    return nothing()
