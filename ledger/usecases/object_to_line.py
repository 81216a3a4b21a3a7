"""Object to a line of a public notice: anyone may, signed in or not. The line then waits for its answer."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.cycle import Cycle, last_day
from ledger.domain.errors import InvalidInput, NotFound, ObjectionClosed
from ledger.storage import counters, cycles, journal, objections
from ledger.storage.objections import NoticeLine
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases import check_failures
from ledger.usecases.check_failures import Counter
from ledger.usecases.request import NOTE_LENGTH_MAX, Answer, Request, once, with_note

LINE_FORM: Final = re.compile(r"(?:([0-9]{4}Q[1-4])[-./ ]?)?0*([0-9]{1,9})")
CONTACT_MAX: Final = 100
FILED_MAX: Final = 5
FILED_WITHIN: Final = timedelta(hours=1)
"""Five objections an hour from one person or address: enough for a family at one window, too few for a flood."""


def object_to_line(book: Book, request: Request, *, line: str, reason: str, contact: str = "", address: str = "") -> Answer:
    """File an objection.

    Args:
        line: as the notice names it, `2022Q3-117`; a bare number means the notice that is open now.
        contact: how to answer, if the objector wishes. address: of the caller, counted; empty at a staffed window.
    Returns: {tracking, line, answer_by}; answer_by is the local date on which the notice ends.
    Raises: InvalidInput, NotFound, ObjectionClosed, TooManyRequests.
    """
    wanted = LINE_FORM.fullmatch(line.strip().upper())
    if wanted is None:
        raise InvalidInput("line")
    if not reason.strip():
        raise InvalidInput("reason", "missing")
    if len(reason) > NOTE_LENGTH_MAX or len(contact) > CONTACT_MAX:
        raise InvalidInput("reason" if len(reason) > NOTE_LENGTH_MAX else "contact", "too_long")
    limited = _counters(book, request, address)

    def work(unit: Unit) -> Answer:
        cycle = _noticed(unit, wanted[1] or "", request.now)
        found = objections.line(unit, cycle.name, int(wanted[2]))
        if found is None:
            raise NotFound("line")
        if found.state not in ("noticed", "reviewing"):
            raise ObjectionClosed()
        check_failures.take_try(unit, limited, request.now)
        tracking = _file(unit, request, found, cycle, reason, contact)
        return {
            "tracking": tracking,
            "line": line_id(found.cycle, found.line),
            "answer_by": last_day(cycle.notice_ends_at, book.settings.zone).isoformat(),
        }

    return once(book, request, work)


def line_id(cycle: str, number: int) -> str:
    """A notice line's name, as it is printed and asked for: `2022Q3-0117`."""
    return f"{cycle}-{number:04d}"


def _counters(book: Book, request: Request, address: str) -> list[Counter]:
    """Staff who write down what others say are not counted."""
    if request.actor.is_console or request.actor.has("keeper", "organiser", "officer"):
        return []
    who = request.actor.person or (check_failures.network(address) if address else "")
    return [Counter(book.keyring.lookup("objection", who), "objection", FILED_MAX, FILED_WITHIN)] if who else []


def _noticed(unit: Unit, name: str, now: datetime) -> Cycle:
    """The cycle whose notice is open. Raises NotFound for an unknown one, ObjectionClosed outside its notice."""
    if name:
        known = cycles.cycle(unit, name)
        if known is None:
            raise NotFound("cycle")
        found = known[0]
    else:
        open_now = [cycle for cycle, _preset in cycles.all_cycles(unit) if cycle.state == "noticed"]
        if not open_now:
            raise ObjectionClosed()
        found = open_now[-1]
    if found.state != "noticed" or now >= found.notice_ends_at:
        raise ObjectionClosed()
    return found


def _file(unit: Unit, request: Request, found: NoticeLine, cycle: Cycle, reason: str, contact: str) -> str:
    book = unit.book
    tracking = f"Y{counters.take(unit, 'objection').start:06d}"
    facts = {"line": found.line}
    act = request.act(book, "objection_filed", subject=tracking, cycle=found.cycle, facts=facts)
    act = with_note(book, act, reason)
    journal.post(unit, [act])
    objections.file(
        unit, tracking=tracking, of=found, reason=book.keyring.seal("objection reason", tracking, reason.strip()),
        contact=book.keyring.seal("objection contact", tracking, contact.strip()) if contact.strip() else b"",
        filed_at=request.now, answer_by=cycle.notice_ends_at,
    )  # fmt: skip
    objections.move_line(unit, found, was="noticed", to="reviewing")
    return tracking
