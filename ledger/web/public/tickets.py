"""The scan ticket: a code that was fresh when its page was opened counts as it did then, for ten minutes.

It lies in the signed form cookie of this browser, so slow signing-in does not void a scan, and a copied link carries nothing.
The desk reads a person's code from here too: passes never travel in a query, which logs would keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import session

from ledger.domain.act import instant, micros
from ledger.usecases.identify import TICKET_LIFE
from ledger.web import gate

SCAN: Final = "scan"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What was scanned (a pass or a spoken code, in capitals), what it is for (see `signing`), and when its page was first opened."""

    text: str
    purpose: str
    seen_at: datetime


def leave(text: str, purpose: str) -> Ticket:
    """Remember a fresh scan. The first opening counts: opening the page again does not lengthen its ten minutes."""
    kept = find(text)
    if kept is not None:
        return kept
    session[SCAN] = [text, purpose, micros(gate.now())]
    return Ticket(text, purpose, gate.now())


def find(text: str) -> Ticket | None:
    """The ticket for this very code, while it lasts."""
    kept = latest()
    return kept if kept is not None and kept.text == text else None


def latest() -> Ticket | None:
    """What this browser scanned last, while its ten minutes last."""
    kept = session.get(SCAN)
    if not kept:
        return None
    ticket = Ticket(str(kept[0]), str(kept[1]), instant(int(kept[2])))
    return ticket if timely(ticket) else None


def timely(ticket: Ticket) -> bool:
    return ticket.seen_at <= gate.now() < ends_at(ticket)


def tear() -> None:
    """The scan was used: the ticket is gone."""
    session.pop(SCAN, None)


def ends_at(ticket: Ticket) -> datetime:
    return ticket.seen_at + TICKET_LIFE
