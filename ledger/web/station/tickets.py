"""The scan ticket: what was scanned at this desk, when, and what is being handed over for it, kept in the signed form cookie.

The pass never stands in an address. A ticket lives ten minutes, as a scan does (`identify`), so that slow people are not punished;
its key is the request key of whatever is handed over for it, so that silence can be asked about again under the same key.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from flask import session

from ledger.domain.act import instant, micros
from ledger.usecases.identify import TICKET_LIFE
from ledger.web.language import new_request_key

NAME: Final = "desk-ticket"
DONE: Final = "desk-done"
CLOCK_SLACK: Final = timedelta(minutes=1)
SHOWN_MAX: Final = 400


@dataclass(frozen=True, slots=True)
class Ticket:
    """shown: what was scanned, typed or said. seen_at: when. key: request key of this hand-over. items: sku → pieces chosen so far.

    agent: the card of whoever collects for the person, once it was shown.
    """

    shown: str
    seen_at: datetime
    key: str
    items: Mapping[str, int] = field(default_factory=dict)
    agent: str = ""


def take(shown: str, now: datetime) -> Ticket:
    """Begin with a new scan; the one before, and what was chosen for it, is forgotten."""
    ticket = Ticket(shown, now, new_request_key())
    keep(ticket)
    session.pop(DONE, None)
    return ticket


def keep(ticket: Ticket) -> None:
    session[NAME] = {
        "shown": ticket.shown,
        "seen": micros(ticket.seen_at),
        "key": ticket.key,
        "items": dict(ticket.items),
        "agent": ticket.agent,
    }


def choose(ticket: Ticket, items: Mapping[str, int], *, agent: str = "") -> Ticket:
    """The same ticket with other goods chosen, for the person or for the agent whose card was shown."""
    chosen = replace(ticket, items=dict(items), agent=agent)
    keep(chosen)
    return chosen


def current(now: datetime) -> Ticket | None:
    """The ticket on the desk, while it lives. It is signed, not believed blindly: an odd one counts as none."""
    kept: Any = session.get(NAME)
    try:
        ticket = Ticket(
            str(kept["shown"]),
            instant(int(kept["seen"])),
            str(kept["key"]),
            {str(k): int(v) for k, v in kept["items"].items()},
            str(kept["agent"]),
        )
    except (TypeError, KeyError, ValueError):
        return None
    return ticket if now - TICKET_LIFE <= ticket.seen_at <= now + CLOCK_SLACK else None


def drop() -> None:
    session.pop(NAME, None)
    session.pop(DONE, None)


def finish(redemption: str) -> None:
    """The hand-over is done: the next scan begins anew, and until then the page shows the receipt."""
    drop()
    session[DONE] = redemption


def finished() -> str:
    """The hand-over just done, or empty."""
    return str(session.get(DONE, ""))


def normal(text: str) -> str:
    """What a gun or a person typed, without the width an input method gave it. Finding the pass inside is `identify`'s."""
    return unicodedata.normalize("NFKC", text).strip()[:SHOWN_MAX]
