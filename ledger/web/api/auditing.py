"""What officers and auditors look up: one entry explained, the operator journal, the trial balance."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from ledger.domain.act import micros
from ledger.storage.unit_of_work import Unit
from ledger.usecases.explain_entry import explain_entry
from ledger.usecases.trial_balance import DEEPEST, trial_balance
from ledger.usecases.view_journal import journal_document
from ledger.web import gate
from ledger.web.api import PLAIN, Code, Day, Moment, Page, Query, api_blueprint, cursor
from ledger.web.api.edge import day_bounds

blueprint = api_blueprint("api_auditing", __name__, tag="对账与核查")

READERS = ("officer", "auditor")


class EntryPath(BaseModel):
    entry: Code


class Named(BaseModel):
    id: str
    name: str


class PostingAnswer(BaseModel):
    account: str
    name: str
    commodity: str
    amount: int | float


class EntryAnswer(BaseModel):
    """`paper`: the sum as on paper, line by line. `links`: what it reverses or resolves, and what followed it."""

    entry: str
    kind: str
    what: str
    at: str
    recorded_at: str
    cycle: str
    sentence: str
    paper: list[str]
    rule: dict[str, Any] | None = None
    evidence: dict[str, Any] | None = None
    who: dict[str, Named]
    postings: list[PostingAnswer]
    links: dict[str, Any]
    note: str
    leaf_index: int | None
    head: dict[str, Any] | None


class JournalQuery(Page):
    """`entries`: also acts that move points or goods."""

    actor: Annotated[str, StringConstraints(max_length=128, pattern=PLAIN)] = ""
    kind: Annotated[str, StringConstraints(max_length=64, pattern=PLAIN)] = ""
    since: Day | None = Field(default=None, alias="from")
    until: Day | None = Field(default=None, alias="to")
    entries: bool = False


class ActAnswer(BaseModel):
    entry: str
    at: str
    kind: str
    what: str
    actor: str
    by: str
    second_actor: str
    subject: str
    called: str
    station: str
    device: str
    cycle: str
    batch: str
    trace: str
    facts: dict[str, Any]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class JournalAnswer(BaseModel):
    acts: list[ActAnswer]
    cursor: str | None


class BalanceQuery(Query):
    as_of: Moment | None = None
    depth: int = Field(default=1, ge=1, le=DEEPEST)


class BranchAnswer(BaseModel):
    account: str
    name: str
    commodity: str
    balance: int | float
    postings: int


class TotalAnswer(BaseModel):
    commodity: str
    balance: int | float
    postings: int


class BalanceAnswer(BaseModel):
    as_of: str | None
    depth: int
    accounts: list[BranchAnswer]
    totals: list[TotalAnswer]
    balanced: bool


@blueprint.get("/entries/<string:entry>", summary="说明一笔账", responses={200: EntryAnswer})
@gate.allow(*READERS)
def entry(path: EntryPath) -> dict[str, Any]:
    """One entry in plain words: what happened, by which clause, the sum as on paper, its postings, its evidence, its place in the tree."""
    return gate.book().read(lambda unit: explain_entry(unit, path.entry))


@blueprint.get("/entries", summary="操作流水", responses={200: JournalAnswer})
@gate.allow(*READERS)
def journal(query: JournalQuery) -> dict[str, Any]:
    """Who did what and when, from which device, and what it was before; oldest first."""
    since, until = day_bounds(query.since, query.until)
    (at,), id = cursor.numbers_and_text(query.cursor, 1)

    def find(unit: Unit) -> dict[str, Any]:
        found = journal_document(
            unit, since=since, until=until, actor=query.actor, kind=query.kind, entries=query.entries, after=(at, id), most=query.limit
        )
        last = found["acts"][-1] if found["more"] else None
        on = cursor.written(micros(datetime.fromisoformat(last["at"])), last["entry"]) if last else None
        return {"acts": found["acts"], "cursor": on}

    return gate.book().read(find)


@blueprint.get("/trial-balance", summary="试算平衡", responses={200: BalanceAnswer})
@gate.allow(*READERS)
def balance(query: BalanceQuery) -> dict[str, Any]:
    """Sums by branch of the chart of accounts, from postings recorded by then; each commodity adds up to nothing."""
    return gate.book().read(lambda unit: trial_balance(unit, until=query.as_of, depth=query.depth), snapshot=True)
