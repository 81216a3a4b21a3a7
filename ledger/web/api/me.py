"""What volunteers see and set of their own: points, code, statement, holds, agents, PIN."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from pydantic import BaseModel, Field, StringConstraints

from ledger.domain.act import micros
from ledger.storage import agents, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.choose_mode import choose_mode
from ledger.usecases.name_agent import agent_document, end_agent, name_agent
from ledger.usecases.set_pin import set_pin
from ledger.usecases.show_code import show_code
from ledger.usecases.sign_out import sign_out_everywhere
from ledger.usecases.view_holds import holds_document
from ledger.usecases.view_person import me_document
from ledger.usecases.view_points import statement_document
from ledger.web import gate
from ledger.web.api import Body, Code, Day, Page, api_blueprint, cursor, nothing
from ledger.web.api.edge import day_bounds, local_iso
from ledger.web.asking import unkeyed_request

blueprint = api_blueprint("api_me", __name__, tag="本人")


class Lot(BaseModel):
    cycle: str
    pool: str
    remaining: int | float
    expires_on: str | None


class MeAnswer(BaseModel):
    holder: str
    spendable: int | float
    pending: int | float
    held: int | float
    debt: int | float
    honour_minutes: int
    lots: list[Lot]
    name: str
    card: str


class PassAnswer(BaseModel):
    text: str = Field(alias="pass")
    url: str
    spoken_code: str
    expires_at: str
    spoken_expires_at: str


class StatementQuery(Page):
    since: Day | None = Field(default=None, alias="from")
    until: Day | None = Field(default=None, alias="to")


class StatementLine(BaseModel):
    entry: str
    at: str
    kind: str
    why: str
    amount: int | float
    pending: int | float
    balance: int | float


class StatementAnswer(BaseModel):
    lines: list[StatementLine]
    cursor: str | None


class HoldItem(BaseModel):
    sku: str
    name: str
    quantity: int
    points: int | float


class OwnHold(BaseModel):
    hold: str
    station: str
    points: int | float
    code: str
    url: str
    expires_at: str
    items: list[HoldItem]


class HoldsAnswer(BaseModel):
    holds: list[OwnHold]


class PinBody(Body):
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class PinAnswer(BaseModel):
    card: str


class ModeBody(Body):
    elder: bool


class AgentPath(BaseModel):
    agent: Code


class AgentAnswer(BaseModel):
    agent: str
    name: str
    card_tail: str


class AgentsAnswer(BaseModel):
    agents: list[AgentAnswer]


@blueprint.get("/me", summary="我的积分", responses={200: MeAnswer})
@gate.allow("volunteer")
def me() -> dict[str, Any]:
    """One's balance, name and card."""
    person, now = gate.actor().person, gate.now()
    return gate.book().read(lambda unit: me_document(unit, person, now))


@blueprint.get("/me/pass", summary="亮我的码：每次都是新的一张，只能用一次", responses={200: PassAnswer})
@gate.allow("volunteer")
def my_pass() -> dict[str, Any]:
    """A fresh single-use pass, 30 seconds from issue, and a code to say for five minutes."""
    answer = show_code(gate.book(), unkeyed_request("show_code"))
    return {**answer, "expires_at": local_iso(answer["expires_at"]), "spoken_expires_at": local_iso(answer["spoken_expires_at"])}


@blueprint.get("/me/statement", summary="我的流水", responses={200: StatementAnswer})
@gate.allow("volunteer")
def my_statement(query: StatementQuery) -> dict[str, Any]:
    """Entries about oneself, oldest first, each with its reason and the balance after it."""
    person = gate.actor().person
    since, until = day_bounds(query.since, query.until)
    (at, running), id = cursor.numbers_and_text(query.cursor, 2)

    def find(unit: Unit) -> dict[str, Any]:
        before = running if query.cursor else None
        lines = statements.lines(unit, person, since=since, until=until, after=(at, id), most=query.limit, before=before)
        last = lines[-1] if len(lines) == query.limit else None
        on = cursor.written(micros(last.at), last.balance, last.entry) if last else None
        return {**statement_document(unit, lines), "cursor": on}

    return gate.book().read(find)


@blueprint.get("/me/holds", summary="我的预留", responses={200: HoldsAnswer})
@gate.allow("volunteer")
def my_holds() -> dict[str, Any]:
    """Open holds with their pick-up codes."""
    person = gate.actor().person
    return gate.book().read(lambda unit: holds_document(unit, person))


@blueprint.put("/me/pin", summary="设卡密", responses={200: PinAnswer})
@gate.allow("volunteer")
def my_pin(body: PinBody) -> dict[str, Any]:
    """Set the six digits of one's card."""
    return set_pin(gate.book(), unkeyed_request("set_pin"), person=gate.actor().person, pin=body.pin)


@blueprint.put("/me/mode", summary="长者模式", responses={204: None})
@gate.allow("volunteer")
def mode(body: ModeBody) -> Response:
    """Keep or drop the large pages, on every phone one comes in with."""
    choose_mode(gate.book(), unkeyed_request("choose_mode"), person=gate.actor().person, elder=body.elder)
    return nothing()


@blueprint.delete("/me/sessions", summary="让别的手机退出", responses={204: None})
@gate.signed_in
def other_sessions() -> Response:
    """End all one's sessions but this one."""
    sign_out_everywhere(gate.book(), unkeyed_request("sign_out_everywhere"), but=gate.bearer())
    return nothing()


@blueprint.get("/me/agents", summary="我的代领人", responses={200: AgentsAnswer})
@gate.allow("volunteer")
def my_agents() -> dict[str, Any]:
    """Who may collect for oneself."""
    person = gate.actor().person
    return gate.book().read(lambda unit: {"agents": [agent_document(unit, agent) for agent in agents.agents_of(unit, person)]})


@blueprint.put("/me/agents/<string:agent>", summary="登记代领人", responses={200: AgentAnswer})
@gate.allow("volunteer")
def put_agent(path: AgentPath) -> dict[str, Any]:
    """Name an agent by card number."""
    return name_agent(gate.book(), unkeyed_request("name_agent"), agent=path.agent)


@blueprint.delete("/me/agents/<string:agent>", summary="取消代领人", responses={204: None})
@gate.allow("volunteer")
def delete_agent(path: AgentPath) -> Response:
    """End an agent."""
    end_agent(gate.book(), unkeyed_request("end_agent"), agent=path.agent)
    return nothing()
