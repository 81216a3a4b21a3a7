"""POST /sessions and DELETE /sessions/current."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, g, request
from pydantic import BaseModel, StringConstraints

from ledger.usecases.sign_in import sign_in
from ledger.usecases.sign_out import sign_out
from ledger.web import gate
from ledger.web.api import ANYONE, Body, api_blueprint, nothing
from ledger.web.asking import unkeyed_request

blueprint = api_blueprint("api_access", __name__, tag="登录")


class SessionBody(Body):
    login: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    otp: Annotated[str, StringConstraints(max_length=16)] | None = None


class SessionAnswer(BaseModel):
    token: str
    role: str
    roles: list[str]
    expires_at: str


@blueprint.post("/sessions", summary="登录", responses={201: SessionAnswer}, security=ANYONE)
@gate.everyone
def open_session(body: SessionBody) -> tuple[dict[str, Any], int]:
    """Sign in."""
    answer = sign_in(
        gate.book(),
        unkeyed_request("sign_in"),
        login=body.login,
        password=body.password,
        otp=body.otp or "",
        address=request.remote_addr or "",
    )
    return {name: answer[name] for name in SessionAnswer.model_fields}, 201


@blueprint.delete("/sessions/current", summary="退出登录", responses={204: None})
@gate.signed_in
def close_session() -> Response:
    """Sign out."""
    sign_out(gate.book(), unkeyed_request("sign_out"), g.token)
    return nothing()
