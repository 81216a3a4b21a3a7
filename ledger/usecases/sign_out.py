"""End a session, or every session of a person."""

from __future__ import annotations

from ledger.domain.act import micros
from ledger.storage import access, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.open_sign_in import digest_of
from ledger.usecases.request import Request


def sign_out(book: Book, request: Request, token: str) -> None:
    """Revoke the session of this token; it is refused from the next request on. Harmless when it has ended already."""

    def work(unit: Unit) -> None:
        if unit.change(access.REVOKE, digest=digest_of(token), now=micros(request.now)):
            journal.post(unit, [request.act(book, "signed_out", subject=request.actor.id)])

    book.run(work)


def sign_out_everywhere(book: Book, request: Request, *, but: str = "") -> int:
    """Revoke all sessions of the actor, except the one of the token `but`. Returns how many ended."""

    def work(unit: Unit) -> int:
        ended = unit.change(access.REVOKE_ALL, grantee=request.actor.id, now=micros(request.now), but=digest_of(but) if but else b"")
        if ended:
            journal.post(unit, [request.act(book, "signed_out", subject=request.actor.id, facts={"sessions": ended})])
        return ended

    return book.run(work)
