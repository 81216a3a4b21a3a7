"""What somebody asks who wants to know: sums of accounts as of a moment, how lots came about, the operator journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant, micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

SUMS: Final = Statement("SELECT account, commodity, SUM(amount), COUNT(*) FROM {posting} GROUP BY account, commodity")
SUMS_AS_OF: Final = Statement(
    "SELECT p.account, p.commodity, SUM(p.amount), COUNT(*) FROM {posting} p JOIN {act} a ON a.id = p.act WHERE a.recorded_at <= :at"
    " GROUP BY p.account, p.commodity"
)
CHANGES: Final = Statement(
    "SELECT p.account, a.kind, COALESCE(o.kind, ''), COUNT(DISTINCT a.id), SUM(p.amount) FROM {posting} p JOIN {act} a ON a.id = p.act"
    " LEFT JOIN {act} o ON o.id = a.reverses WHERE p.account >= :low AND p.account < :high AND a.recorded_at <= :at"
    " GROUP BY p.account, a.kind, COALESCE(o.kind, '') ORDER BY p.account, MIN(a.recorded_at), a.kind"
)
JOURNAL: Final = Statement(
    "SELECT a.id, a.recorded_at, a.kind, a.actor, a.second_actor, a.subject, a.cycle, a.station, a.device, a.batch, a.trace, a.facts"
    " FROM {act} a WHERE a.recorded_at >= :since AND a.recorded_at < :until"
    " AND (:actor = '' OR a.actor = :actor OR a.second_actor = :actor) AND (:kind = '' OR a.kind = :kind)"
    " AND (:entries = 1 OR NOT EXISTS (SELECT 1 FROM {posting} p WHERE p.act = a.id))"
    " AND (a.recorded_at, a.id) > (:after_at, :after_id) ORDER BY a.recorded_at, a.id LIMIT :most"
)
BEFORE: Final = Statement(
    "SELECT facts FROM {act} WHERE subject = :subject AND kind IN @kinds AND (recorded_at, id) < (:at, :id)"
    " ORDER BY recorded_at DESC, id DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class JournalAct:
    """One act as the operator journal lists it. `facts` is the stored JSON text."""

    id: str
    at_micros: int
    kind: str
    actor: str
    second_actor: str
    subject: str
    cycle: str
    station: str
    device: str
    batch: str
    trace: str
    facts: str

    @property
    def at(self) -> datetime:
        return instant(self.at_micros)


def sums(unit: Unit, until: datetime | None) -> Iterable[Row]:
    """(account, commodity, sum, postings) of every account, in no order, from postings recorded by then (None: all)."""
    return unit.stream(SUMS) if until is None else unit.stream(SUMS_AS_OF, at=micros(until))


def changes(unit: Unit, family: str, holder: str, until: datetime) -> list[Row]:
    """(account, kind of act, kind it reverses, acts, steps) of a holder's accounts of one family, by account, then time."""
    low = f"{family}/{holder}"
    return unit.rows(CHANGES, low=low, high=low + "0", at=micros(until))


def journal(
    unit: Unit, *, since: datetime, until: datetime, actor: str = "", kind: str = "", entries: bool = False,
    after: tuple[int, str] = (0, ""), most: int,
) -> list[JournalAct]:  # fmt: skip
    """Acts recorded in [since, until), oldest first; without those that move something unless `entries`."""
    when = {"since": micros(since), "until": micros(until), "after_at": after[0], "after_id": after[1]}
    rows = unit.rows(JOURNAL, actor=actor, kind=kind, entries=int(entries), most=most, **when)
    return [JournalAct(*row) for row in rows]


def facts_before(unit: Unit, act: JournalAct, kinds: tuple[str, ...]) -> str | None:
    """Facts of the last act of these kinds about the same subject before this one, as stored."""
    value = unit.value(BEFORE, subject=act.subject, kinds=list(kinds), at=act.at_micros, id=act.id)
    return None if value is None else str(value)
