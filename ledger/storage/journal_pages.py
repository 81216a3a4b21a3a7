"""The journal page by page, one act with all that hangs on it, and sums by account: what operators and auditors look at."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain.act import Act, instant, micros
from ledger.storage import journal, trail
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

_LISTED: Final = "a.recorded_at, a.id, a.kind, a.actor, a.second_actor, a.subject, a.cycle, a.station, a.device, a.batch, a.facts"
_BEFORE: Final = "(a.recorded_at, a.id) < (:at, :id)"
_LATEST: Final = "ORDER BY a.recorded_at DESC, a.id DESC LIMIT :most"

ALL: Final = Statement(f"SELECT {_LISTED} FROM {{act}} a WHERE {_BEFORE} AND a.recorded_at >= :since {_LATEST}")
OF_KIND: Final = Statement(f"SELECT {_LISTED} FROM {{act}} a WHERE a.kind = :kind AND {_BEFORE} AND a.recorded_at >= :since {_LATEST}")
OF_SUBJECT: Final = Statement(
    f"SELECT {_LISTED} FROM {{act}} a WHERE a.subject = :subject AND {_BEFORE} AND a.recorded_at >= :since {_LATEST}"
)
BY_ACTOR: Final = Statement(
    f"SELECT {_LISTED} FROM {{act}} a WHERE {_BEFORE} AND a.recorded_at >= :since"
    f" AND (a.actor = :actor OR a.second_actor = :actor) {_LATEST}"
)
STEPS_OF_CYCLE: Final = Statement(
    f"SELECT {_LISTED} FROM {{act}} a WHERE a.cycle = :cycle AND a.kind IN ('cycle_opened','cycle_stepped') ORDER BY a.recorded_at, a.id"
)
RUNS_OF: Final = Statement("SELECT job, started_at, finished_at, outcome, act FROM {job_run} WHERE cycle = :cycle ORDER BY started_at, job")
LAST_RUN: Final = Statement("SELECT job, cycle, finished_at FROM {job_run} ORDER BY started_at DESC LIMIT 1")
NOTE: Final = Statement("SELECT body FROM {note} WHERE act = :act")
FOLLOWERS: Final = Statement(
    "SELECT id, kind, recorded_at, reverses, resolves FROM {act} WHERE reverses = :act OR resolves = :act ORDER BY recorded_at, id"
)
UNSEALED: Final = Statement("SELECT COUNT(*), MIN(a.recorded_at) FROM {unsealed} u JOIN {act} a ON a.id = u.act")
OPEN_OBJECTIONS: Final = Statement("SELECT COUNT(*), MIN(answer_by) FROM {objection} WHERE state = 'open'")
WAITING_ATTENDANCES: Final = Statement("SELECT COUNT(*), MIN(came_at) FROM {attendance} WHERE state = 'waiting'")
SHELF_WORTH: Final = Statement("SELECT COALESCE(SUM(balance), 0) FROM {account} WHERE path >= 'worth/' AND path < 'worth0'")

_SUMS: Final = (
    "COALESCE(SUM(CASE WHEN p.amount > 0 THEN p.amount ELSE 0 END), 0), COALESCE(SUM(CASE WHEN p.amount < 0 THEN -p.amount ELSE 0 END), 0),"
    " COALESCE(SUM(p.amount), 0), COUNT(*)"
)
_CHILD_SQLITE: Final = (
    "CASE instr(substr(p.account, :begin), '/') WHEN 0 THEN substr(p.account, :begin)"
    " ELSE substr(p.account, :begin, instr(substr(p.account, :begin), '/')) END"
)
_CHILD_PG: Final = (
    "CASE strpos(substr(p.account, :begin), '/') WHEN 0 THEN substr(p.account, :begin)"
    " ELSE substr(p.account, :begin, strpos(substr(p.account, :begin), '/')) END"
)
_TREE: Final = (
    " FROM {{posting}} p JOIN {{act}} a ON a.id = p.act WHERE p.account >= :low AND p.account < :high AND a.recorded_at < :until"
    " AND {child} > :after GROUP BY 1, 2 ORDER BY 1, 2 LIMIT :most"
)
ACCOUNT_TREE: Final = Statement(
    f"SELECT {_CHILD_SQLITE}, p.commodity, {_SUMS}" + _TREE.format(child=_CHILD_SQLITE),
    postgresql=f"SELECT {_CHILD_PG}, p.commodity, {_SUMS}" + _TREE.format(child=_CHILD_PG),
)
COMMODITY_SUMS: Final = Statement(
    f"SELECT p.commodity, {_SUMS} FROM {{posting}} p JOIN {{act}} a ON a.id = p.act WHERE a.recorded_at < :until GROUP BY 1 ORDER BY 1"
)

Cursor = tuple[int, str]
"""(recorded_at in microseconds, act id) of the last line shown."""

NEWEST: Final[Cursor] = (1 << 62, "~")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One act as a list shows it. `facts` is the stored JSON text."""

    at_micros: int
    id: str
    kind: str
    actor: str
    second_actor: str
    subject: str
    cycle: str
    station: str
    device: str
    batch: str
    facts: str

    @property
    def at(self) -> datetime:
        return instant(self.at_micros)

    @property
    def cursor(self) -> Cursor:
        return self.at_micros, self.id


@dataclass(frozen=True, slots=True)
class Follower:
    """An act that reverses or resolves another one; `how` says which."""

    id: str
    kind: str
    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class WholeAct:
    """One act with its note (empty when there is none or it was erased), its leaf index and what followed it."""

    act: Act
    note: str
    leaf_index: int | None
    followers: tuple[Follower, ...]


@dataclass(frozen=True, slots=True)
class AccountSum:
    """Sums of one branch of the chart of accounts: what was put in, taken out, and is left; `name` ends in / when it branches."""

    name: str
    commodity: str
    put_in: int
    taken_out: int
    balance: int
    postings: int


def page(
    unit: Unit, *, before: Cursor = NEWEST, since: datetime, most: int, kinds: Sequence[str] = (), actor: str = "", subject: str = ""
) -> list[JournalLine]:
    """Acts recorded at or after `since` and before the cursor, the newest first: about a subject, else by an actor, else of some kinds.

    Several kinds are read one by one along their own index and merged, so that a rare kind costs what it shows. An actor has
    no index: the reader bounds `since`.
    """
    at = {"at": before[0], "id": before[1], "since": micros(since), "most": most}
    if subject:
        return [_read(row) for row in unit.rows(OF_SUBJECT, subject=subject, **at)]
    if actor:
        return [_read(row) for row in unit.rows(BY_ACTOR, actor=actor, **at)]
    if not kinds:
        return [_read(row) for row in unit.rows(ALL, **at)]
    found = [[_read(row) for row in unit.rows(OF_KIND, kind=kind, **at)] for kind in kinds]
    return list(heapq.merge(*found, key=lambda line: line.cursor, reverse=True))[:most]


def _read(row: Row) -> JournalLine:
    return JournalLine(*row)


def steps_of_cycle(unit: Unit, name: str) -> list[JournalLine]:
    """How a cycle came to be where it is, oldest first."""
    return [_read(row) for row in unit.rows(STEPS_OF_CYCLE, cycle=name)]


def runs_of(unit: Unit, name: str) -> list[Row]:
    """(job, started_at, finished_at, outcome, act) of a cycle's steps."""
    return unit.rows(RUNS_OF, cycle=name)


def last_run(unit: Unit) -> Row | None:
    """(job, cycle, finished_at) of the step that was done last."""
    return unit.row(LAST_RUN)


def whole_act(unit: Unit, id: str) -> WholeAct | None:
    """Everything a page says of one act."""
    act = journal.act_by_id(unit, id)
    if act is None:
        return None
    sealed = unit.value(NOTE, act=id)
    note = unit.book.keyring.open("note", id, bytes(sealed)) if sealed else ""
    leaf = trail.leaf_of(unit, id)
    followers = tuple(
        Follower(row[0], row[1], instant(row[2]), "reverses" if row[3] == id else "resolves") for row in unit.rows(FOLLOWERS, act=id)
    )
    return WholeAct(act, note, None if leaf is None else leaf[0], followers)


def unsealed(unit: Unit) -> tuple[int, datetime | None]:
    """How many acts wait for the sealer, and since when the oldest does."""
    return _counted(unit.row(UNSEALED))


def open_objections(unit: Unit) -> tuple[int, datetime | None]:
    """How many objections are open, and when the first must be answered."""
    return _counted(unit.row(OPEN_OBJECTIONS))


def waiting_attendances(unit: Unit) -> tuple[int, datetime | None]:
    """How many attendances wait for an approver, and since when."""
    return _counted(unit.row(WAITING_ATTENDANCES))


def _counted(row: Row | None) -> tuple[int, datetime | None]:
    return (0, None) if row is None else (int(row[0]), None if row[1] is None else instant(int(row[1])))


def shelf_worth(unit: Unit) -> int:
    """What the goods on all shelves cost, in fen."""
    return int(unit.value(SHELF_WORTH))


def account_tree(unit: Unit, *, under: str, until: datetime, after: str = "", most: int = 500) -> list[AccountSum]:
    """Sums of the branches below a path prefix ("" or one ending in /), from postings recorded before `until`.

    It adds up the journal: an auditor asks for it, no screen that others wait for.
    """
    values: dict[str, Any] = {"begin": len(under) + 1, "low": under, "high": (under[:-1] + "0") if under else "~", "after": after}
    rows = unit.rows(ACCOUNT_TREE, until=micros(until), most=most, **values)
    return [AccountSum(row[0], row[1], int(row[2]), int(row[3]), int(row[4]), int(row[5])) for row in rows]


def commodity_sums(unit: Unit, until: datetime) -> list[AccountSum]:
    """Sums of each commodity over the whole book: what is left must be 0."""
    rows = unit.rows(COMMODITY_SUMS, until=micros(until))
    return [AccountSum("", row[0], int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows]
