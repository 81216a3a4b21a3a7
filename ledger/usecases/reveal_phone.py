"""Show a person's phones in the clear, to an officer who says why. The journal says who looked, at whom, when and why."""

from __future__ import annotations

from ledger.domain.errors import InvalidInput, NotFound
from ledger.domain.people import require
from ledger.storage import journal, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, keep_note, with_note


def reveal_phone(book: Book, request: Request, *, person: str, reason: str) -> Answer:
    """Journal the reveal, then open the phones.

    Args: person: holder id. reason: why, in words; kept as a note.
    Returns: person, phones. The answer is never kept under a request key: it would keep the phones in the clear. A second
    request is a second look, and the journal says so.
    Raises: Forbidden, InvalidInput without a reason, NotFound.
    """
    require(request.actor, "officer")
    if not reason.strip():
        raise InvalidInput("reason", "missing")

    def work(unit: Unit) -> Answer:
        if people.holder(unit, person) is None:
            raise NotFound("person")
        phones = people.phones_of(unit, person)
        act = with_note(book, request.act(book, "phone_revealed", subject=person, facts={"phones": len(phones)}), reason)
        journal.post(unit, [act])
        keep_note(book, unit, act, reason)
        return {"person": person, "phones": phones}

    return book.run(work)
