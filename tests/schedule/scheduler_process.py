"""The scheduler as a process of its own, hurried: arguments are LEDGER_HOME, config.toml, the database's address, and the clock's file.

The file holds the seconds that the ledger's clock is ahead of the machine's.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from ledger import clock, config
from ledger.schedule.runner import run
from ledger.schedule.timetable import Entry, seal_waiting, take_due_steps
from ledger.usecases import settle_cycle

LEASE_S = 1
LINES_AT_ONCE = 1
"""So few that a kill lands between two pieces of one settlement."""


def moved_now(file: Path) -> datetime:
    return clock.now() + timedelta(seconds=int(file.read_text()))


if __name__ == "__main__":
    home, config_file, url, clock_file = sys.argv[1:]
    settle_cycle.CHUNK = LINES_AT_ONCE  # type: ignore[misc]
    run(
        config.load({"LEDGER_HOME": home, "LEDGER_CONFIG": config_file, "LEDGER_DATABASE_URL": url}),
        timetable=(Entry("seal", 0.4, seal_waiting), Entry("steps", 0.4, take_due_steps)),
        lease_s=LEASE_S,
        now=lambda: moved_now(Path(clock_file)),
    )
