"""Objections to notice lines: filed by anyone, followed by number, decided by officers."""

from __future__ import annotations

from typing import Annotated, Any

from flask import request as http
from pydantic import BaseModel, Field, StringConstraints

from ledger.storage import objections
from ledger.storage.unit_of_work import Unit
from ledger.usecases.decide_objection import decide_objection
from ledger.usecases.object_to_line import object_to_line
from ledger.usecases.view_notice import objection_document, objection_for_officers
from ledger.web import gate
from ledger.web.api import ANYONE, PLAIN, Body, Code, Page, Text, api_blueprint, cursor
from ledger.web.asking import api_request

blueprint = api_blueprint("api_objecting", __name__, tag="异议")


class ObjectionBody(Body):
    """`line` as the notice names it (`2022Q3-0117`); a bare number means the notice that is open now."""

    line: Code | Annotated[int, Field(ge=1, le=999_999_999)]
    reason: Text
    contact: Annotated[str, StringConstraints(max_length=100, pattern=PLAIN)] | None = None


class FiledAnswer(BaseModel):
    tracking: str
    line: str
    answer_by: str


class TrackingPath(BaseModel):
    tracking: Code


class ObjectionAnswer(BaseModel):
    tracking: str
    line: str
    cycle: str
    state: str
    filed_at: str
    answer_by: str
    decided_at: str | None
    line_state: str


class ObjectionForOfficers(BaseModel):
    tracking: str
    line: str
    cycle: str
    state: str
    filed_at: str
    answer_by: str
    decided_at: str | None
    reason: str
    contact: str
    answer: str


class ObjectionsQuery(Page):
    state: Annotated[str, StringConstraints(pattern=r"^(?:open|upheld|refused)?$")] = ""


class ObjectionsAnswer(BaseModel):
    objections: list[ObjectionForOfficers]
    cursor: str | None


class DecisionBody(Body):
    """`confirm`: the line stands. `uphold`: it is voided. `answer`: what the objector is told."""

    outcome: Annotated[str, StringConstraints(pattern=r"^(?:confirm|uphold)$")]
    answer: Text


class DecisionAnswer(BaseModel):
    tracking: str
    state: str
    line: str
    line_state: str
    entry: str | None


@blueprint.post("/objections", summary="对公示的一行提出异议", responses={201: FiledAnswer}, security=ANYONE)
@gate.everyone
def file(body: ObjectionBody) -> tuple[dict[str, Any], int]:
    """File an objection, signed in or not. The line waits for its answer; the objector is not shown to anyone."""
    answer = object_to_line(
        gate.book(), api_request("object_to_line", body.model_dump()), line=str(body.line), reason=body.reason,
        contact=body.contact or "", address=http.remote_addr or "",
    )  # fmt: skip
    return answer, 201


@blueprint.get("/objections/<string:tracking>", summary="查一条异议", responses={200: ObjectionAnswer}, security=ANYONE)
@gate.everyone
def follow(path: TrackingPath) -> dict[str, Any]:
    """What came of an objection, by its tracking number."""
    return gate.book().read(lambda unit: objection_document(unit, path.tracking))


@blueprint.get("/objections", summary="异议列表", responses={200: ObjectionsAnswer})
@gate.allow("officer")
def objection_list(query: ObjectionsQuery) -> dict[str, Any]:
    """Objections with their reasons, for whoever decides."""
    after = cursor.plain(query.cursor)

    def find(unit: Unit) -> dict[str, Any]:
        found = objections.objections(unit, state=query.state, after=after, most=query.limit)
        shown = [objection_for_officers(unit, objection) for objection in found]
        return {"objections": shown, "cursor": found[-1].tracking if len(found) == query.limit else None}

    return gate.book().read(find)


@blueprint.post("/objections/<string:tracking>/decision", summary="答复一条异议", responses={200: DecisionAnswer})
@gate.allow("officer")
def decide(path: TrackingPath, body: DecisionBody) -> dict[str, Any]:
    """Decide an objection; never on a line one recorded or approved."""
    request = api_request("decide_objection", {"tracking": path.tracking, **body.model_dump()})
    return decide_objection(gate.book(), request, tracking=path.tracking, outcome=body.outcome, answer=body.answer)
