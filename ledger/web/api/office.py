"""What offices look after: prices, what waits for approval, a phone that must be seen, the audit and its files."""

from __future__ import annotations

import secrets
import threading
from typing import Annotated, Any, Final, Literal

from flask import Response, send_file
from pydantic import BaseModel, Field, StringConstraints

from ledger.audit.checks import check
from ledger.domain.errors import RequestInFlight, Unavailable
from ledger.storage import registers
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.usecases.end_sessions import end_sessions
from ledger.usecases.export_journal import export_journal
from ledger.usecases.price_good import price_good
from ledger.usecases.reveal_phone import reveal_phone
from ledger.web import gate
from ledger.web.api import PLAIN, Body, Code, Text, api_blueprint, nothing
from ledger.web.api.edge import iso, steps_of
from ledger.web.asking import api_request, unkeyed_request

blueprint = api_blueprint("api_office", __name__, tag="办公室")

_checking: Final = threading.Lock()


class GoodAnswer(BaseModel):
    sku: str
    name: str
    unit: str
    category: str
    price_points: int | float
    cost_fen: int
    limit_per_cycle: int | None


class GoodsAnswer(BaseModel):
    goods: list[GoodAnswer]


class GoodPath(BaseModel):
    sku: Code


class PriceBody(Body):
    """Whole points. `limit_per_cycle` null: no limit. `was_price`: the price that was seen; another one meanwhile is refused."""

    price_points: int = Field(ge=1, le=100_000)
    limit_per_cycle: Annotated[int, Field(ge=1, le=10_000)] | None
    was_price: Annotated[int, Field(ge=1, le=100_000)] | None = None
    reason: Text = ""


class PricedAnswer(BaseModel):
    sku: str
    price_points: int | float
    limit_per_cycle: int | None
    changed: bool


class WaitingRow(BaseModel):
    attendance: str
    activity: str
    name: str
    card_tail: str
    came_at: str
    evidence_level: int
    flags: list[str]
    recorded_by: str
    may_approve: bool


class WaitingAnswer(BaseModel):
    attendances: list[WaitingRow]


class HolderPath(BaseModel):
    holder: Code


class RevealBody(Body):
    reason: Text


class RevealAnswer(BaseModel):
    person: str
    phones: list[str]


class LoginPath(BaseModel):
    login: Code


class Finding(BaseModel):
    entry: str | None = None
    account: str | None = None
    table: str | None = None
    field: str | None = None
    expected: Any = None
    found: Any = None
    message: str


class CheckAnswer(BaseModel):
    name: str
    ok: bool
    findings: list[Finding]


class ReportAnswer(BaseModel):
    checks: list[CheckAnswer]
    acts: int
    postings: int


class ExportBody(Body):
    format: Literal["hledger", "beancount", "csv", "jsonl"]
    cycle: Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=PLAIN)] | None = None


FILE: Final[dict[str, Any]] = {
    "description": "the file",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@blueprint.get("/goods", summary="物品与价格", responses={200: GoodsAnswer})
@gate.signed_in
def goods() -> dict[str, Any]:
    """Every good with its present price, cost and limit."""
    return gate.book().read(lambda unit: {"goods": [_good(unit, good) for good in registers.goods(unit)]})


@blueprint.put("/goods/<string:sku>", summary="改价格和限兑", responses={200: PricedAnswer})
@gate.allow("officer")
def price(path: GoodPath, body: PriceBody) -> dict[str, Any]:
    """Set a good's price and limit from now on; holds keep theirs."""
    answer = price_good(
        gate.book(), unkeyed_request("price_good"), sku=path.sku, price_points=steps_of(body.price_points),
        limit_per_cycle=body.limit_per_cycle, was_price=None if body.was_price is None else steps_of(body.was_price), reason=body.reason,
    )  # fmt: skip
    return {**answer, "price_points": gate.book_settings().scale.number(answer["price_points"])}


@blueprint.get("/attendances", summary="等我批的签到", responses={200: WaitingAnswer})
@gate.allow("organiser", "officer")
def waiting() -> dict[str, Any]:
    """Attendances in the actor's area that wait for an approver."""
    actor = gate.actor()
    return gate.book().read(lambda unit: {"attendances": [_waiting(row) for row in view_activity.waiting(unit, actor)]})


@blueprint.post("/people/<string:holder>/phones", summary="看完整手机号：要写理由，会记下", responses={200: RevealAnswer})
@gate.allow("officer")
def reveal(path: HolderPath, body: RevealBody) -> dict[str, Any]:
    """A person's phones in the clear, journalled with the reason; asking again is a second look."""
    api_request("reveal_phone", {})
    return reveal_phone(gate.book(), unkeyed_request("reveal_phone"), person=path.holder, reason=body.reason)


@blueprint.delete("/users/<string:login>/sessions", summary="让一个账号在所有设备退出", responses={204: None})
@gate.allow("admin")
def end_user_sessions(path: LoginPath) -> Response:
    """End every session of a login."""
    end_sessions(gate.book(), unkeyed_request("end_sessions"), login=path.login)
    return nothing()


@blueprint.get("/audit/checks", summary="核查全部账", responses={200: ReportAnswer})
@gate.allow("officer", "auditor")
def checks() -> dict[str, Any]:
    """Check the whole book now. One at a time; a second is asked to come back."""
    if not _checking.acquire(blocking=False):
        raise RequestInFlight()
    try:
        report = check(gate.book(), now=gate.now()).document()
    finally:
        _checking.release()
    return {name: report[name] for name in ReportAnswer.model_fields}


@blueprint.post("/exports", summary="导出流水，给别的账务软件核对", responses={200: FILE})
@gate.allow("officer", "auditor")
def export(body: ExportBody) -> Response:
    """The journal as a file; who took it and its fingerprint are journalled first."""
    api_request("export", {})
    folder = gate.book_settings().folder / "exports"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable("disk") from error
    out = folder / f"download-{secrets.token_hex(8)}"
    try:
        made = export_journal(gate.book(), unkeyed_request("export"), format=body.format, out=out, cycle=body.cycle or "")
        file = out.open("rb")
    finally:
        out.unlink(missing_ok=True)  # it lives on for its reader alone
    response = send_file(file, mimetype="application/octet-stream", as_attachment=True, download_name=f"journal.{body.format}")
    response.headers["X-Content-SHA256"] = made["sha256"]
    return response


def _good(unit: Unit, good: registers.Good) -> dict[str, Any]:
    return {
        "sku": good.sku, "name": good.name, "unit": good.unit, "category": good.category,
        "price_points": unit.book.settings.scale.number(good.price_points), "cost_fen": good.cost_fen,
        "limit_per_cycle": good.limit_per_cycle,
    }  # fmt: skip


def _waiting(row: view_activity.Waiting) -> dict[str, Any]:
    mine = row.came.attendance
    return {
        "attendance": mine.id,
        "activity": row.activity,
        "name": row.came.person,
        "card_tail": row.came.card_tail,
        "came_at": iso(mine.came_at),
        "evidence_level": mine.evidence_level,
        "flags": mine.flags.split(),
        "recorded_by": row.came.recorded_by,
        "may_approve": not row.came.is_own and not row.came.is_recorder,
    }
