"""The lease under which scheduled work is done: one worker at a time for each book, on whichever machine it runs.

Every piece of work renews the lease in its own unit, so that whoever lost it writes nothing more: the renewal and the
piece are kept together or not at all. A killed worker's lease lapses by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.errors import RequestInFlight, Unavailable
from ledger.storage import cycles
from ledger.storage.unit_of_work import Book, Unit

LEASE_SECONDS: Final = 30
ASK_AGAIN_SECONDS: Final = 0.1

Keep = Callable[[Unit], None]
"""Called first in each unit of scheduled work; raises when the work must stop."""


def unguarded(_unit: Unit) -> None:
    """For work that needs no lease, because the database alone makes it happen once."""


class Lease:
    """One worker's right to do the work called `name` in one book."""

    def __init__(
        self, book: Book, *, name: str, owner: str, now: datetime, seconds: int = LEASE_SECONDS,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:  # fmt: skip
        """A lease that nobody has taken yet.

        Args:
            owner: this worker, unlike any other. now: the present moment; later ones are counted on from it by the
                monotonic clock, so that a wall clock set during the work moves nothing.
            should_stop: asked at every renewal; true ends the work as a lost lease does.
        """
        self._book = book
        self._name = name
        self._owner = owner
        self._begun = (now, time.monotonic())
        self._seconds = seconds
        self._should_stop = should_stop

    def take(self, patience_s: float = 0) -> None:
        """Take the lease, asking again for `patience_s` seconds while another worker has it. Raises RequestInFlight."""
        until = time.monotonic() + patience_s
        while not self._book.run(self._taken):
            if time.monotonic() >= until:
                raise RequestInFlight()
            time.sleep(ASK_AGAIN_SECONDS)

    def keep(self, unit: Unit) -> None:
        """Renew within a unit of work. Raises RequestInFlight when the lease was lost or the work shall stop."""
        if self._should_stop is not None and self._should_stop():
            raise RequestInFlight()
        if not cycles.renew_lease(unit, name=self._name, owner=self._owner, now=self._now(), seconds=self._seconds):
            raise RequestInFlight()

    def drop(self) -> None:
        """Give the lease back. When the database is out of reach it lapses by itself."""
        with suppress(Unavailable):
            self._book.run(lambda unit: cycles.drop_lease(unit, name=self._name, owner=self._owner))

    def _taken(self, unit: Unit) -> bool:
        return cycles.take_lease(unit, name=self._name, owner=self._owner, now=self._now(), seconds=self._seconds)

    def _now(self) -> datetime:
        now, at = self._begun
        return now + timedelta(seconds=time.monotonic() - at)
