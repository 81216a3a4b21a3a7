"""长者模式 belongs to the person: whoever chose it finds it on every phone they come in with."""

from __future__ import annotations

from typing import Final

from ledger.domain.errors import Forbidden
from ledger.storage import people, residents
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Request

ELDER: Final = "elder"


def choose_mode(book: Book, request: Request, *, person: str, elder: bool) -> None:
    """Keep or drop 长者模式 for a person; the same choice twice changes nothing. Raises Forbidden for anybody else's."""
    if not request.actor.is_self(person):
        raise Forbidden()

    def work(unit: Unit) -> None:
        people.lock(unit, person)
        if elder:
            residents.enter_mode(unit, person, ELDER, request.now)
        else:
            residents.leave_mode(unit, person, ELDER, request.now)

    book.run(work)


def is_elder(unit: Unit, person: str) -> bool:
    return residents.is_in_mode(unit, person, ELDER)
