"""Make numbers for blank cards: printed beforehand, given a holder on the spot."""

from __future__ import annotations

from typing import Final

from ledger.domain.errors import InvalidInput
from ledger.domain.people import require
from ledger.storage import cards, counters, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once

BLANKS_MAX: Final = 200


def issue_blank_cards(book: Book, request: Request, *, count: int) -> Answer:
    """Make `count` blank cards (1 to 200). Until `replace_card` binds one it opens nothing.

    Returns: {cards: [numbers]}. Raises: Forbidden, InvalidInput.
    """
    require(request.actor, "keeper", "organiser", "officer", "admin")
    if not 0 < count <= BLANKS_MAX:
        raise InvalidInput("count", "range")

    def work(unit: Unit) -> Answer:
        numbers = [counters.card_number(serial) for serial in counters.take(unit, "card", count)]
        for number in numbers:
            cards.issue(unit, number, holder="", pin_hash="", now=request.now)
        journal.post(unit, [request.act(book, "card_issued", subject=number, facts={"card": number}) for number in numbers])
        return {"cards": numbers}

    return once(book, request, work)
