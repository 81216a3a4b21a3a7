"""End every session of somebody else's login: a lost telephone, a machine left open, somebody who has gone."""

from __future__ import annotations

from ledger.domain.act import micros
from ledger.domain.errors import NotFound
from ledger.domain.people import require
from ledger.storage import access, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once
from ledger.usecases.sign_in import normal_login


def end_sessions(book: Book, request: Request, *, login: str) -> Answer:
    """Revoke all sessions of a login, from the next request on. Harmless when none is open.

    Returns: login, ended (how many). Raises: Forbidden unless an admin asks; NotFound.
    """
    require(request.actor, "admin")

    def work(unit: Unit) -> Answer:
        found = access.login_by_name(unit, normal_login(login))
        if found is None:
            raise NotFound("login")
        ended = unit.change(access.REVOKE_ALL, grantee=found.id, now=micros(request.now), but=b"")
        if ended:
            journal.post(unit, [request.act(book, "signed_out", subject=found.id, facts={"sessions": ended})])
        return {"login": found.login, "ended": ended}

    return once(book, request, work)
