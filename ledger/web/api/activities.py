"""Activities: what is on, opening one, its rotating code, who came."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from ledger.domain.act import micros
from ledger.storage import service
from ledger.storage.unit_of_work import Unit
from ledger.usecases.open_activity import open_activity
from ledger.usecases.show_activity_code import show_activity_code
from ledger.usecases.view_activities import activity_document, attendances_document, one_activity
from ledger.web import gate
from ledger.web.api import PLAIN, Body, Code, Moment, Page, Query, api_blueprint, cursor
from ledger.web.api.edge import iso, local_iso
from ledger.web.asking import api_request, unkeyed_request

blueprint = api_blueprint("api_activities", __name__, tag="活动")


class ActivitiesQuery(Page):
    area: Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)] = ""
    since: Moment | None = None


class ActivityAnswer(BaseModel):
    activity: str
    code: str
    name: str
    kind: str
    area: str
    place: str
    starts_at: str
    ends_at: str
    rule: str
    rule_version: int
    capacity: int | None


class ActivitiesAnswer(BaseModel):
    activities: list[ActivityAnswer]
    cursor: str | None


class ActivityBody(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PLAIN)]
    kind: Annotated[str, StringConstraints(max_length=40, pattern=PLAIN)]
    area: Code
    starts_at: Moment
    ends_at: Moment
    rule: Code
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    place: Annotated[str, StringConstraints(max_length=120, pattern=PLAIN)] = ""


class OpenedAnswer(BaseModel):
    activity: str
    code: str
    name: str
    starts_at: str
    ends_at: str


class ActivityPath(BaseModel):
    activity: Code


class OneActivityAnswer(ActivityAnswer):
    present: int


class ActivityPassAnswer(BaseModel):
    activity: str
    name: str
    text: str = Field(alias="pass")
    url: str
    expires_at: str
    poster_url: str


class PresentQuery(Query):
    limit: int = Field(default=200, ge=1, le=500)


class PresentAnswer(BaseModel):
    attendance: str
    name: str
    card_tail: str
    state: str
    came_at: str | None
    left_at: str | None
    minutes: int
    points: int | float
    evidence_level: int
    flags: list[str]


class AttendancesAnswer(BaseModel):
    attendances: list[PresentAnswer]


@blueprint.get("/activities", summary="活动列表", responses={200: ActivitiesAnswer})
@gate.signed_in
def activities(query: ActivitiesQuery) -> dict[str, Any]:
    """Open activities that have not ended by `since` (now by default), by start."""
    (at,), id = cursor.numbers_and_text(query.cursor, 1)
    since = query.since or gate.now()

    def find(unit: Unit) -> dict[str, Any]:
        found = service.activities(unit, since=since, area=query.area, after=(at, id), most=query.limit)
        on = cursor.written(micros(found[-1].starts_at), found[-1].id) if len(found) == query.limit else None
        return {"activities": [activity_document(unit, activity) for activity in found], "cursor": on}

    return gate.book().read(find)


@blueprint.post("/activities", summary="开一个活动", responses={201: OpenedAnswer})
@gate.allow("organiser", "officer")
def open_one(body: ActivityBody) -> tuple[dict[str, Any], int]:
    """Open an activity under a published rule."""
    facts = {**body.model_dump(), "starts_at": iso(body.starts_at), "ends_at": iso(body.ends_at)}
    answer = open_activity(
        gate.book(), api_request("open_activity", facts), name=body.name, kind=body.kind, area=body.area, starts_at=body.starts_at,
        ends_at=body.ends_at, rule=body.rule, capacity=body.capacity, place=body.place,
    )  # fmt: skip
    return {**answer, "starts_at": local_iso(answer["starts_at"]), "ends_at": local_iso(answer["ends_at"])}, 201


@blueprint.get("/activities/<string:activity>", summary="一个活动", responses={200: OneActivityAnswer})
@gate.signed_in
def activity(path: ActivityPath) -> dict[str, Any]:
    """An activity by its id or code, with how many came."""
    return gate.book().read(lambda unit: one_activity(unit, path.activity))


@blueprint.get("/activities/<string:activity>/pass", summary="活动现场的码：每30秒换新", responses={200: ActivityPassAnswer})
@gate.allow("organiser", "officer")
def activity_pass(path: ActivityPath) -> dict[str, Any]:
    """The rotating check-in pass of this half minute."""
    answer = show_activity_code(gate.book(), unkeyed_request("show_activity_code"), activity=path.activity)
    return {**answer, "expires_at": local_iso(answer["expires_at"])}


@blueprint.get("/activities/<string:activity>/attendances", summary="谁来了", responses={200: AttendancesAnswer})
@gate.allow("organiser", "keeper", "officer", "auditor")
def attendances(path: ActivityPath, query: PresentQuery) -> dict[str, Any]:
    """Who came, newest first, names masked."""
    actor = gate.actor()
    return gate.book().read(lambda unit: attendances_document(unit, actor, path.activity, query.limit))
