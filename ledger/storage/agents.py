"""Named agents: who may collect for whom, as dated links."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.act import micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

AGENTS_OF: Final = Statement(
    "SELECT target FROM {membership} WHERE holder = :holder AND kind = 'agent' AND until_at IS NULL ORDER BY from_at, target"
)
IS_AGENT: Final = Statement("SELECT 1 FROM {membership} WHERE holder = :holder AND kind = 'agent' AND target = :agent AND until_at IS NULL")
NAME: Final = Statement(
    "INSERT INTO {membership} (holder, kind, target, from_at, until_at, batch) VALUES (:holder, 'agent', :agent, :at, NULL, '')"
)
END: Final = Statement(
    "UPDATE {membership} SET until_at = :at WHERE holder = :holder AND kind = 'agent' AND target = :agent AND until_at IS NULL"
)


def agents_of(unit: Unit, holder: str) -> list[str]:
    """The people who may collect for a holder, first named first."""
    return [row[0] for row in unit.rows(AGENTS_OF, holder=holder)]


def is_agent(unit: Unit, holder: str, agent: str) -> bool:
    return unit.value(IS_AGENT, holder=holder, agent=agent) is not None


def name(unit: Unit, holder: str, agent: str, now: datetime) -> None:
    unit.change(NAME, holder=holder, agent=agent, at=micros(now))


def end(unit: Unit, holder: str, agent: str, now: datetime) -> bool:
    """False when there was no such agent."""
    return unit.change(END, holder=holder, agent=agent, at=micros(now)) == 1
