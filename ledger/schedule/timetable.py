"""The timetable: what is done for every book, and how often it is asked for.

How often says nothing about when points move: that is read from the tables by the use case, at the moment it is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.audit.trail import seal
from ledger.domain.errors import RequestInFlight
from ledger.domain.people import Actor
from ledger.storage.unit_of_work import Book
from ledger.usecases.advance_cycle import tick
from ledger.usecases.lease import LEASE_SECONDS
from ledger.usecases.request import Request

SCHEDULER: Final = Actor("job:scheduler")

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of one entry: the book and the moment.

    leads: asks the database whether this process still leads; between units only. must_stop: what was last known, for
    asking inside a unit. lease_s: after how long a killed worker's place is free.
    """

    book: Book
    now: datetime
    leads: Callable[[], bool]
    must_stop: Callable[[], bool]
    lease_s: int = LEASE_SECONDS


@dataclass(frozen=True, slots=True)
class Entry:
    """name: of the job. every_s: seconds between runs. work: does what is due and says what it did (nothing: empty)."""

    name: str
    every_s: float
    work: Callable[[Turn], Facts]


def seal_waiting(turn: Turn) -> Facts:
    """Seal the acts that wait. The pieces go on as long as this process leads."""

    def go_on(_size: int) -> None:
        if turn.must_stop() or not turn.leads():
            raise RequestInFlight()

    head = seal(turn.book, turn.now, go_on)
    return {} if head is None else {"size": head.size, "root": head.root}


def take_due_steps(turn: Turn) -> Facts:
    """Walk the quarters; the run's id is the trace of everything it writes."""
    run = turn.book.ids.new(turn.now)
    request = Request(actor=SCHEDULER, now=turn.now, name="tick", trace=run)
    done = tick(turn.book, request, patience_s=0, lease_s=turn.lease_s, should_stop=turn.must_stop)
    return {"run": run, "done": done} if done else {}


TIMETABLE: Final = (
    Entry("seal", 5, seal_waiting),
    Entry("steps", 60, take_due_steps),
)
"""In the order in which they first run: the sealer also renews this process's place as the leading one."""
