"""Quarters: their dates and notices for anyone; stepping them and publishing rules for officers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from flask import request as http
from pydantic import BaseModel, Field, StringConstraints

from ledger.domain.earning import Rule
from ledger.domain.errors import InvalidInput, SecondPersonRequired
from ledger.domain.people import Actor
from ledger.storage.unit_of_work import Unit
from ledger.usecases.advance_cycle import advance_cycle, tick
from ledger.usecases.open_sign_in import who
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.request import Request, resumable
from ledger.usecases.second_person import second_person
from ledger.usecases.view_cycle import cycles_document, one_cycle_document
from ledger.usecases.view_notice import notice_document
from ledger.usecases.view_rules import rules_document
from ledger.web import gate
from ledger.web.api import ANYONE, PLAIN, Body, Code, Moment, Page, Text, api_blueprint, cursor
from ledger.web.api.edge import iso, steps_of
from ledger.web.asking import api_request

blueprint = api_blueprint("api_cycles", __name__, tag="季度")


class Dates(BaseModel):
    starts_on: str
    ends_on: str
    cutoff_on: str | None
    notice_from: str
    noticed_at: str | None
    notice_ends_on: str | None
    redeem_until: str | None
    settle_until: str | None


class CycleAnswer(BaseModel):
    cycle: str
    state: str
    dates: Dates


class CyclesAnswer(BaseModel):
    cycles: list[CycleAnswer]


class Totals(BaseModel):
    earned: int | float
    pending: int | float
    spendable: int | float
    held: int | float
    redeemed: int | float
    lapsed: int | float


class CycleWithTotals(CycleAnswer):
    totals: Totals


class CyclePath(BaseModel):
    cycle: Code


class NoticeQuery(Page):
    pool: Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)] = ""


class NoticePool(BaseModel):
    pool: str
    name: str
    lines: int
    points: int | float
    reviewing: int


class NoticeTotals(BaseModel):
    lines: int
    points: int | float
    reviewing: int


class ObjectionCounts(BaseModel):
    filed: int
    open: int
    upheld: int
    refused: int


class NoticeLine(BaseModel):
    line: str
    number: int
    name: str
    card_tail: str
    activity: str
    at: str | None
    minutes: int
    points: int | float
    pool: str
    state: str


class NoticeAnswer(BaseModel):
    cycle: str
    state: str
    noticed_at: str | None
    ends_on: str
    totals: NoticeTotals
    pools: list[NoticePool]
    objections: ObjectionCounts
    lines: list[NoticeLine]
    cursor: str | None


class Second(Body):
    """The second person's own login, typed by themselves."""

    login: Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=PLAIN)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    otp: Annotated[str, StringConstraints(max_length=16)] = ""


class AdvanceBody(Body):
    """Where points move a second officer is named: by `second_token` (their own Bearer token) or by `second`."""

    to: Code
    reason: Text
    second_token: Code | None = None
    second: Second | None = None


class StepAnswer(BaseModel):
    cycle: str
    state_before: str = Field(alias="from")
    to: str
    count: int


class TickAnswer(BaseModel):
    done: list[dict[str, Any]]
    cycles: list[CycleAnswer]


class RuleAnswer(BaseModel):
    rule: str
    version: int
    name: str
    basis: str
    points: int | float
    per_mille: int
    rounding: str
    min_evidence: int
    caps: dict[str, int | float]
    clause: str
    valid_from: str
    published_at: str | None


class RulesAnswer(BaseModel):
    rules: list[RuleAnswer]


class Caps(Body):
    """Whole points at most per event, local day, quarter, year, life."""

    event: int | None = Field(default=None, ge=0, le=10_000_000)
    day: int | None = Field(default=None, ge=0, le=10_000_000)
    quarter: int | None = Field(default=None, ge=0, le=10_000_000)
    year: int | None = Field(default=None, ge=0, le=10_000_000)
    life: int | None = Field(default=None, ge=0, le=10_000_000)


class RuleBody(Body):
    """A version never changes once published. `points`: whole points an event, or an hour."""

    rule: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    version: int = Field(ge=1, le=1_000_000)
    name: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PLAIN)]
    basis: Annotated[str, StringConstraints(pattern=r"^(?:event|minute)$")]
    points: int = Field(ge=0, le=100_000)
    clause: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
    valid_from: Moment
    per_mille: int = Field(default=1000, ge=0, le=10_000)
    rounding: Annotated[str, StringConstraints(pattern=r"^(?:down|up|half_up)$")] = "down"
    min_evidence: int = Field(default=1, ge=0, le=3)
    caps: Caps = Caps()


class PublishedAnswer(BaseModel):
    rule: str
    version: int


@blueprint.get("/cycles", summary="全部季度", responses={200: CyclesAnswer}, security=ANYONE)
@gate.everyone
def cycles() -> dict[str, Any]:
    """Quarters with their states and dates."""
    return gate.book().read(lambda unit: cycles_document(unit, with_totals=False))


@blueprint.get("/cycles/<string:cycle>", summary="一个季度和合计", responses={200: CycleWithTotals})
@gate.allow("officer", "auditor")
def cycle(path: CyclePath) -> dict[str, Any]:
    """A quarter with its totals."""
    return gate.book().read(lambda unit: one_cycle_document(unit, path.cycle, with_totals=True))


@blueprint.get("/cycles/<string:cycle>/notice", summary="一季的公示", responses={200: NoticeAnswer}, security=ANYONE)
@gate.everyone
def notice(path: CyclePath, query: NoticeQuery) -> dict[str, Any]:
    """Masked lines of a published notice, by line number."""
    after = cursor.number(query.cursor)

    def find(unit: Unit) -> dict[str, Any]:
        document = notice_document(unit, path.cycle, pool=query.pool, after=after, most=query.limit)
        lines = document["lines"]
        return {**document, "cursor": cursor.written(lines[-1]["number"]) if len(lines) == query.limit else None}

    return gate.book().read(find)


@blueprint.post("/cycles/<string:cycle>/advance", summary="提前走一步", responses={200: StepAnswer})
@gate.allow("officer")
def advance(path: CyclePath, body: AdvanceBody) -> dict[str, Any]:
    """Move a quarter one state on, with a reason; where points move, with a second officer."""
    book = gate.book()
    request = api_request("advance_cycle", {"cycle": path.cycle, "to": body.to, "reason": body.reason})

    def step() -> dict[str, Any]:
        asked = replace(request, key=None, second=_second(request, body))
        return advance_cycle(book, asked, cycle=path.cycle, to=body.to, reason=body.reason)

    return resumable(book, request, step)


def _second(request: Request, body: AdvanceBody) -> Actor | None:
    """Who stands beside the officer, if anybody was named."""
    if body.second is not None:
        typed = body.second.model_dump()
        return second_person(gate.book(), request, **typed, address=http.remote_addr or "")
    if body.second_token is None:
        return None
    found = who(gate.book(), body.second_token, gate.now())
    if found is None:
        raise SecondPersonRequired()
    return found


@blueprint.post("/ticks", summary="把到期的步骤都做完", responses={200: TickAnswer})
@gate.allow("officer")
def run_tick() -> dict[str, Any]:
    """Do everything that is due now, in order; harmless twice."""
    book = gate.book()
    request = api_request("tick", {})
    answer = resumable(book, request, lambda: {"done": tick(book, replace(request, key=None))})
    return {**answer, **book.read(lambda unit: cycles_document(unit, with_totals=False))}


@blueprint.get("/rules", summary="规则版本", responses={200: RulesAnswer})
@gate.signed_in
def rules() -> dict[str, Any]:
    """Every published rule version."""
    return gate.book().read(rules_document)


@blueprint.post("/rules", summary="发布一版规则", responses={201: PublishedAnswer})
@gate.allow("officer")
def publish(body: RuleBody) -> tuple[dict[str, Any], int]:
    """Publish a rule version that holds from a moment on."""
    if not body.clause.strip():
        raise InvalidInput("clause", "missing")
    caps = {name: steps_of(points) for name, points in body.caps.model_dump(exclude_none=True).items()}
    rule = Rule(
        id=body.rule, version=body.version, name=body.name.strip(), basis=body.basis, points=steps_of(body.points),  # type: ignore[arg-type]
        clause=body.clause.strip(), per_mille=body.per_mille, rounding=body.rounding, min_evidence=body.min_evidence, caps=caps,
    )  # fmt: skip
    facts = {**body.model_dump(exclude={"valid_from"}), "valid_from": iso(body.valid_from)}
    return publish_rule(gate.book(), api_request("publish_rule", facts), rule, valid_from=body.valid_from), 201
